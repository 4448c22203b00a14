package import IdentityProvider

/// One issuer, with its endpoints and limits, as the server mounts it.
package struct MountedProvider: Sendable {
    let issuer: Issuer
    /// The name shown at the top of its pages; `nil` for the renderer's default.
    let name: String?
    let endpoints: [any Endpoint]
    let limits: Limits

    package init(issuer: Issuer, name: String? = nil, endpoints: [any Endpoint], limits: Limits = Limits()) {
        self.issuer = issuer
        self.name = name
        self.endpoints = endpoints
        self.limits = limits
    }
}
