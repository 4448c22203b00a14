package import FoundationEssentials

/// A network that a person signed in from.
package struct KnownNetwork: Sendable, Hashable {
    package let user: Identifier<User>
    /// Such as `192.0.2.0/24`.
    package let network: String
    /// The last one there.
    package let address: String
    /// When it was new; the store keeps the first.
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

    /// What counts as one network: providers give their customers another address in it from time to time.
    static func name(of address: String) -> String? { IPAddress(address)?.site }
}

/// Where a sign-in came from, as far as it is kept: programs have no device, a unix socket no network.
package struct SignInOrigin: Sendable, Hashable {
    package var device: Device?
    /// What the browser's cookie was before the device had a new secret: other people's devices in this browser move along.
    package var formerSecrets: [SecretDigest<Device>]
    package var network: KnownNetwork?

    package init(device: Device? = nil, formerSecrets: [SecretDigest<Device>] = [], network: KnownNetwork? = nil) {
        self.device = device
        self.formerSecrets = formerSecrets
        self.network = network
    }
}
