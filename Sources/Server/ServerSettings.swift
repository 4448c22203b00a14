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

    package var addresses: [Address]
    package var tls: TLS?
    package var proxies: TrustedProxies
    package var limits: Limits
    /// Connections at one time that come from the same place. Trusted proxies and unix sockets are exempt; nobody else gets
    /// more than half of `maximumConnections`.
    package struct ConnectionLimits: Sendable {
        /// From an IPv4 address, or from an IPv6 network of 64 bits.
        package var perAddress = 256
        /// From an IPv4 network of 24 bits, or from an IPv6 network of 48 bits.
        package var perNetwork = 512

        package init() {}
    }

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
