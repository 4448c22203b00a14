package import IdentityProvider

/// One issuer as the server knows it.
package struct MountedProvider: Sendable {
    let issuer: Issuer
    /// What people read at the top of its pages; `nil` for the renderer's own.
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
