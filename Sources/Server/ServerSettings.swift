package import IdentityProvider

/// The addresses that the server listens on, and its limits.
package struct ServerSettings: Sendable {
    package enum Address: Hashable, Sendable {
        case host(String, port: Int)
        case unixSocket(String)
    }

    /// The PEM files of a certificate chain and its private key.
    package struct TLS: Sendable {
        package let certificate: String
        package let key: String
        /// Seconds between checks for changed files.
        package let reloadInterval: Double

        package init(certificate: String, key: String, reloadInterval: Double = 60) {
            self.certificate = certificate
            self.key = key
            self.reloadInterval = reloadInterval
        }
    }

    /// The limits on simultaneous connections from one place. Trusted proxies and Unix sockets are exempt. No other
    /// client gets more than half of `maximumConnections`.
    package struct ConnectionLimits: Sendable {
        /// Connections from one IPv4 address or one IPv6 /64 network.
        package var perAddress = 256
        /// Connections from one IPv4 /24 network or one IPv6 /48 network.
        package var perNetwork = 512
        /// Bytes that connections from one address may cost: eight connections at their limit (RFC 9113 §10.5).
        package var bytesPerAddress = 64 << 20
        /// Bytes that connections from one network may cost. One host may own all of its addresses.
        package var bytesPerNetwork = 256 << 20

        package init() {}
    }

    package var addresses: [Address]
    package var tls: TLS?
    /// The address at which clients are asked for certificates. Needs `tls`; `nil` for none.
    package var certificateAddress: Address?
    package var proxies: TrustedProxies
    /// The field in which the proxies pass clients' certificates; `nil` if they don't.
    package var certificateField: CertificateField?
    package var limits: Limits
    package var connections = ConnectionLimits()
    /// Simultaneous connections on each listening address; more wait in the system's backlog. Keep it below the number
    /// of files that the process may open.
    package var maximumConnections = max(16, OpenFiles.limit - 64)
    /// Seconds that in-flight requests get to finish when the server stops.
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
