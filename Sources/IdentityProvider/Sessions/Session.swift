package import FoundationEssentials

/// A browser in which a user is signed in.
package struct Session: Sendable, Hashable {
    package let id: Identifier<Session>
    /// The digest of the cookie's value, so that a stolen table doesn't open sessions.
    package let secret: SecretDigest<Session>
    package let user: Identifier<User>
    package let authenticatedAt: Date
    /// Whether `authenticatedAt` is known to be the time of a sign-in. It isn't if an upstream didn't say when the user
    /// signed in there: the time is then that of their arrival, and nothing that takes a recent sign-in may rely on it.
    package let provesTime: Bool
    /// How the user signed in (RFC 8176).
    package let amr: [String]
    package let acr: String
    package let expiresAt: Date
    /// The last recorded use. Uses are recorded only if idle sessions end.
    package let lastUsedAt: Date
    /// The device on which the user signed in. `nil` in sessions from before devices were stored.
    package let device: Identifier<Device>?
    package let userAgent: String
    package let address: String
    /// Whether a trusted device stood in for the second factor.
    package let trustsDevice: Bool
    /// The sign-in at an upstream that the session rests on, if it does.
    package let upstream: UpstreamSession?

    package init(
        id: Identifier<Session> = .random(), secret: SecretDigest<Session>, user: Identifier<User>,
        authenticatedAt: Date, amr: [String], acr: String, expiresAt: Date, lastUsedAt: Date? = nil,
        provesTime: Bool = true, device: Identifier<Device>? = nil, userAgent: String = "", address: String = "",
        trustsDevice: Bool = false,
        upstream: UpstreamSession? = nil
    ) {
        self.id = id
        self.secret = secret
        self.user = user
        self.authenticatedAt = authenticatedAt
        self.provesTime = provesTime
        self.amr = amr
        self.acr = acr
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt ?? authenticatedAt
        self.device = device
        self.userAgent = userAgent
        self.address = address
        self.trustsDevice = trustsDevice
        self.upstream = upstream
    }

    /// When the user signed in (`auth_time`, OpenID Connect Core §2); `nil` if that is unknown.
    var authTime: Date? { provesTime ? authenticatedAt : nil }
    /// `acr` in comparable form.
    package var context: AuthenticationContext { AuthenticationContext(rawValue: acr) ?? .singleFactor }
    /// The strongest minimum that the session meets. Here a trusted device counts as a second factor.
    var satisfied: AuthenticationContext { trustsDevice ? max(context, .multiFactor) : context }

    /// Returns whether `granted` can have come from this session. An authorization code says who signed in, when and
    /// how. The stored session must agree, so that a stolen sealing key alone can't forge a sign-in.
    package func supports(_ granted: Granted, at now: Date) -> Bool {
        // Times are stored in milliseconds.
        let start = authenticatedAt.addingTimeInterval(0.001)
        return granted.user == user && now < expiresAt && granted.satisfied <= satisfied
            && granted.authenticatedAt.map { $0 <= start } ?? true
    }
}

extension Session: RenewablyDigested {
    package static let digestLabel = "Session"
    package static let digestColumn = DigestColumn.session
}
