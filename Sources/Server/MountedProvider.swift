package import IdentityProvider

/// One issuer, with its endpoints and limits, as the server mounts it.
package struct MountedProvider: Sendable {
    let issuer: Issuer
    /// The name shown at the top of its pages; `nil` for the renderer's default.
    let name: String?
    let endpoints: [any Endpoint]
    let limits: Limits
    /// Limits requests before their bodies are read.
    let limiter: RequestLimiter?
    /// The origin at which clients present certificates; `nil` if they can't.
    let certificateOrigin: String?

    package init(_ provider: Provider) {
        self.init(
            issuer: provider.settings.issuer, endpoints: provider.endpoints, limits: provider.settings.limits,
            limiter: provider.requestLimiter,
            certificateOrigin: provider.settings.mutualTLS?.origin(of: provider.settings.issuer))
    }

    package init(
        issuer: Issuer, name: String? = nil, endpoints: [any Endpoint], limits: Limits = Limits(),
        limiter: RequestLimiter? = nil, certificateOrigin: String? = nil
    ) {
        self.issuer = issuer
        self.name = name
        self.endpoints = endpoints
        self.limits = limits
        self.limiter = limiter
        self.certificateOrigin = certificateOrigin
    }
}
