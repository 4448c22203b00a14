package import FoundationEssentials

/// A network that a user has signed in from.
package struct KnownNetwork: Sendable, Hashable {
    package let user: Identifier<User>
    /// A prefix such as `192.0.2.0/24`.
    package let network: String
    /// The last address used in the network.
    package let address: String
    /// When the user first signed in from here. The store keeps the earliest value.
    package let firstSeenAt: Date
    package let lastSeenAt: Date
    package let expiresAt: Date

    package init(
        user: Identifier<User>, network: String, address: String, firstSeenAt: Date, lastSeenAt: Date, expiresAt: Date
    ) {
        self.user = user
        self.network = network
        self.address = address
        self.firstSeenAt = firstSeenAt
        self.lastSeenAt = lastSeenAt
        self.expiresAt = expiresAt
    }

    /// Returns the prefix that counts as one network. Internet providers reassign addresses within it from time to
    /// time.
    static func name(of address: String) -> String? { IPAddress(address)?.site }
}

/// The recorded origin of a sign-in. Programs have no device, Unix sockets no network.
package struct SignInOrigin: Sendable, Hashable {
    package var device: Device?
    /// The secrets of the browser's cookie before it was replaced. Devices of other users in the same browser move to
    /// the new secret.
    package var formerSecrets: [SecretDigest<Device>]
    package var network: KnownNetwork?

    package init(device: Device? = nil, formerSecrets: [SecretDigest<Device>] = [], network: KnownNetwork? = nil) {
        self.device = device
        self.formerSecrets = formerSecrets
        self.network = network
    }
}
