import HTTPTypes
package import IdentityProvider

/// One issuer as the server knows it.
package struct MountedProvider: Sendable {
    let issuer: Issuer
    let endpoints: [any Endpoint]
    let limits: Limits

    package init(issuer: Issuer, endpoints: [any Endpoint], limits: Limits) {
        self.issuer = issuer
        self.endpoints = endpoints
        self.limits = limits
    }
}

/// Finds who answers at a host and path. Paths are compared exactly: no slash too many, no encoding, no dots.
struct RouteTable: Sendable {
    struct Target: Sendable {
        let provider: MountedProvider
        let endpoint: any Endpoint
        let route: Route
    }

    private struct Place: Hashable {
        let authority: String
        let path: String
    }

    private var targets: [Place: [HTTPRequest.Method: Target]] = [:]
    /// With one issuer any host will do: a health check knows the address only. Answers name the issuer anyway.
    private let onlyAuthority: String?

    init(_ providers: [MountedProvider]) {
        let authorities = Set(providers.map(\.issuer.authority))
        onlyAuthority = authorities.count == 1 ? authorities.first : nil
        for provider in providers {
            for endpoint in provider.endpoints {
                for route in endpoint.routes {
                    let path = route.isAtRoot ? route.path : provider.issuer.path + route.path
                    let place = Place(authority: provider.issuer.authority, path: path)
                    targets[place, default: [:]][route.method] = Target(
                        provider: provider, endpoint: endpoint, route: route)
                }
            }
        }
    }

    /// What answers there, by method; `nil` when nothing does.
    func targets(at exchange: Exchange) -> [HTTPRequest.Method: Target]? {
        let authority = onlyAuthority ?? exchange.head.authority?.lowercased() ?? ""
        return targets[Place(authority: authority, path: String(exchange.path))]
    }
}
