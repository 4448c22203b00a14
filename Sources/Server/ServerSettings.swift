package import IdentityProvider

/// Where and how the server listens.
package struct ServerSettings: Sendable {
    package enum Address: Sendable {
        case host(String, port: Int)
        case unixSocket(String)
    }

    package struct TLS: Sendable {
        /// Paths of PEM files.
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

    package var address: Address
    package var tls: TLS?
    package var proxies: TrustedProxies
    package var limits: Limits
    /// Seconds that requests under way have when the server stops.
    package var shutdownGrace: Double = 10

    package init(address: Address, tls: TLS? = nil, proxies: TrustedProxies, limits: Limits = Limits()) {
        self.address = address
        self.tls = tls
        self.proxies = proxies
        self.limits = limits
    }
}
