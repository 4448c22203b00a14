package import FoundationEssentials

/// A browser in which a person signed in before, known by a cookie of its own that outlives their sessions.
package struct Device: Sendable, Hashable {
    package let id: Identifier<Device>
    /// Of the cookie's value. One browser that several people use has a device for each of them under one secret.
    package var secret: SecretDigest<Device>
    package let user: Identifier<User>
    /// What the browser says it is.
    package var userAgent: String
    /// Where it was last seen.
    package var address: String
    package let createdAt: Date
    package var lastUsedAt: Date
    /// Until then it stands in for the second factor, because the person wished so when they showed one in it.
    package var trustedUntil: Date?
    package var expiresAt: Date

    package init(
        id: Identifier<Device> = .random(), secret: SecretDigest<Device>, user: Identifier<User>, userAgent: String,
        address: String, createdAt: Date, lastUsedAt: Date, trustedUntil: Date? = nil, expiresAt: Date
    ) {
        self.id = id
        self.secret = secret
        self.user = user
        self.userAgent = userAgent
        self.address = address
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.trustedUntil = trustedUntil
        self.expiresAt = expiresAt
    }

    package func isTrusted(at moment: Date) -> Bool { trustedUntil.map { moment < $0 } ?? false }
}

/// What people are known again by: browsers and networks. Both are kept by `SessionStore.begin`, in the transaction of the
/// sign-in, no more than the last `limit` of each for one person.
package protocol DeviceStore: Sendable {
    /// The device of `user` with one of these secrets.
    func find(_ secrets: [SecretDigest<Device>], of user: Identifier<User>, at now: Date) async throws -> Device?
    /// Those of one person, the last used first.
    func devices(of user: Identifier<User>, at now: Date) async throws -> [Device]
    /// Returns whether there was one.
    @discardableResult
    func forget(_ id: Identifier<Device>, of user: Identifier<User>) async throws -> Bool
    /// Networks, too.
    func forgetAll(of user: Identifier<User>) async throws
    /// Those of one person, the last used first.
    func networks(of user: Identifier<User>, at now: Date) async throws -> [KnownNetwork]
}

extension DeviceStore {
    package func find(_ secret: SecretDigest<Device>, of user: Identifier<User>, at now: Date) async throws -> Device? {
        try await find([secret], of: user, at: now)
    }

    /// More than anybody uses; a program that keeps no cookies would leave one for each sign-in.
    package static var limit: Int { 64 }
}

extension Device: RenewablyDigested {
    package static let digestLabel = "Device"
    package static let digestColumn = DigestColumn.device
}
