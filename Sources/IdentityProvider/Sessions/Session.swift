package import FoundationEssentials

/// A browser in which somebody signed in.
package struct Session: Sendable, Hashable {
    package let id: Identifier<Session>
    /// Of the cookie's value: a stolen table opens no session.
    package let secret: SecretDigest<Session>
    package let user: Identifier<User>
    package let authenticatedAt: Date
    /// How the person signed in (RFC 8176).
    package let amr: [String]
    package let acr: String
    package let expiresAt: Date
    /// The last use that was noted; uses are noted only where idle sessions end.
    package let lastUsedAt: Date
    /// Where the person signed in; `nil` for a session of before devices were kept.
    package let device: Identifier<Device>?
    package let userAgent: String
    package let address: String
    /// Whether the device stood in for the second factor.
    package let trustsDevice: Bool

    package init(
        id: Identifier<Session> = .random(), secret: SecretDigest<Session>, user: Identifier<User>,
        authenticatedAt: Date, amr: [String], acr: String, expiresAt: Date, lastUsedAt: Date? = nil,
        device: Identifier<Device>? = nil, userAgent: String = "", address: String = "", trustsDevice: Bool = false
    ) {
        self.id = id
        self.secret = secret
        self.user = user
        self.authenticatedAt = authenticatedAt
        self.amr = amr
        self.acr = acr
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt ?? authenticatedAt
        self.device = device
        self.userAgent = userAgent
        self.address = address
        self.trustsDevice = trustsDevice
    }

    /// `acr` as it compares.
    package var context: AuthenticationContext { AuthenticationContext(rawValue: acr) ?? .singleFactor }
    /// The strongest rule that it is enough for: there a remembered browser stands in for the second factor.
    var satisfied: AuthenticationContext { trustsDevice ? max(context, .multiFactor) : context }

    /// Whether what is granted can have come out of this session. A code says who signed in, when and how; the session in the
    /// database must agree, so that a sealing key alone cannot make up a sign-in.
    package func supports(_ granted: Granted, at now: Date) -> Bool {
        // Times are kept to the millisecond.
        let start = authenticatedAt.addingTimeInterval(0.001)
        return granted.user == user && now < expiresAt && granted.satisfied <= satisfied
            && granted.authenticatedAt.map { $0 <= start } ?? true
    }
}

extension Session: RenewablyDigested {
    package static let digestLabel = "Session"
    package static let digestColumn = DigestColumn.session
}
