package import IdentityProvider

/// Where and how the server listens.
package struct ServerSettings: Sendable {
    package enum Address: Hashable, Sendable {
        case host(String, port: Int)
        case unixSocket(String)
    }

    /// The PEM files of a certificate with its chain, and of its private key.
    package struct TLS: Sendable {
        package let certificate: String
        package let key: String
        /// Seconds between two looks at the files.
        package let reloadInterval: Double

        package init(certificate: String, key: String, reloadInterval: Double = 60) {
            self.certificate = certificate
            self.key = key
            self.reloadInterval = reloadInterval
        }
    }

    /// What connections from the same place may have at one time. Trusted proxies and unix sockets are exempt; nobody else
    /// gets more than half of `maximumConnections`.
    package struct ConnectionLimits: Sendable {
        /// Connections from an IPv4 address, or from an IPv6 network of 64 bits.
        package var perAddress = 256
        /// Connections from an IPv4 network of 24 bits, or from an IPv6 network of 48 bits.
        package var perNetwork = 512
        /// Bytes that the connections of an address may cost: room for eight full ones (RFC 9113 §10.5).
        package var bytesPerAddress = 64 << 20
        /// Bytes that the connections of a network may cost: one host may have all its addresses.
        package var bytesPerNetwork = 256 << 20

        package init() {}
    }

    package var addresses: [Address]
    package var tls: TLS?
    package var proxies: TrustedProxies
    package var limits: Limits
    package var connections = ConnectionLimits()
    /// Connections at one time on each address; more wait in the backlog of the system. Keep it below the number of
    /// files that the process may open.
    package var maximumConnections = max(16, OpenFiles.limit - 64)
    /// Seconds that requests under way have when the server stops.
    package var shutdownGrace: Double = 10

    package init(addresses: [Address], tls: TLS? = nil, proxies: TrustedProxies, limits: Limits = Limits()) {
        self.addresses = addresses
        self.tls = tls
        self.proxies = proxies
        self.limits = limits
    }

    package init(address: Address, tls: TLS? = nil, proxies: TrustedProxies, limits: Limits = Limits()) {
        self.init(addresses: [address], tls: tls, proxies: proxies, limits: limits)
    }
}

extension ServerSettings.Address: CustomStringConvertible {
    package var description: String {
        switch self {
        case .host(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unixSocket(let path): "unix:\(path)"
        }
    }
}
