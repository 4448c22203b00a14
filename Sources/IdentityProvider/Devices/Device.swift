package import FoundationEssentials

/// A browser in which a user has signed in before, recognized by its own cookie, which outlives sessions.
package struct Device: Sendable, Hashable {
    package let id: Identifier<Device>
    /// The digest of the cookie's value. A browser shared by several users has one device per user, all under the same
    /// secret.
    package var secret: SecretDigest<Device>
    package let user: Identifier<User>
    /// The `User-Agent` header, truncated.
    package var userAgent: String
    /// The IP address of the last sign-in.
    package var address: String
    package let createdAt: Date
    package var lastUsedAt: Date
    /// Until when the browser stands in for the second factor, because the user chose to trust it after showing one
    /// there.
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

/// Stores the browsers and networks by which users are recognized. `SessionStore.start` writes both in the transaction
/// of the sign-in and keeps the latest `limit` of each per user.
package protocol DeviceStore: Sendable {
    /// Returns the device of `user` with one of these secrets.
    func find(_ secrets: [SecretDigest<Device>], of user: Identifier<User>, at now: Date) async throws -> Device?
    /// Returns a user's devices, most recently used first.
    func devices(of user: Identifier<User>, at now: Date) async throws -> [Device]
    /// Returns whether the user had this device.
    @discardableResult
    func forget(_ id: Identifier<Device>, of user: Identifier<User>) async throws -> Bool
    /// Deletes the user's devices and networks.
    func forgetAll(of user: Identifier<User>) async throws
    /// Returns a user's networks, most recently used first.
    func networks(of user: Identifier<User>, at now: Date) async throws -> [KnownNetwork]
}

extension DeviceStore {
    package func find(_ secret: SecretDigest<Device>, of user: Identifier<User>, at now: Date) async throws -> Device? {
        try await find([secret], of: user, at: now)
    }

    /// Generous for one user. The bound matters for programs without a cookie jar, which would add a device with every
    /// sign-in.
    package static var limit: Int { 64 }
}

extension Device: RenewablyDigested {
    package static let digestLabel = "Device"
    package static let digestColumn = DigestColumn.device
}
