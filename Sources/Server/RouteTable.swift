import HTTPTypes
import IdentityProvider

/// Finds the endpoint for a host and path. Paths are compared exactly, without normalizing slashes, encodings or dots.
struct RouteTable: Sendable {
    /// The endpoints at one path.
    struct Place: Sendable {
        let provider: MountedProvider
        fileprivate(set) var targets: [(route: Route, endpoint: any Endpoint)]

        func target(for method: HTTPRequest.Method) -> (route: Route, endpoint: any Endpoint)? {
            targets.first { $0.route.method == method }
        }

        /// The methods to list in `Allow` (RFC 9110 §10.2.1).
        var methods: [HTTPRequest.Method] {
            let methods = targets.map(\.route.method)
            return methods.contains(.get) ? methods + [.head] : methods
        }

        var isSharedAcrossOrigins: Bool { targets.contains { $0.route.isSharedAcrossOrigins } }
    }

    fileprivate struct Site {
        var providers: [MountedProvider] = []
        var places: [String: Place] = [:]
        /// The places whose path has a variable.
        var patterns: [Path] = []

        func place(at path: Substring) -> Place? {
            if let place = places[String(path)] { return place }
            return patterns.first { $0.value(in: path) != nil }.flatMap { places[$0.text] }
        }
    }

    private var sites: [String: Site] = [:]
    /// With a single issuer, any host is accepted: a health check may know only the address. Responses name the issuer
    /// anyway.
    private let onlyAuthority: String?
    /// Whether an issuer has an origin for certificates, with fewer routes.
    private var hasCertificateOrigin = false

    /// Set if two endpoints handle the same method at one address. Such a table must not be used.
    private(set) var conflict: ConflictingRoutes?

    /// `forPrograms` leaves out all routes but those that programs call, for a listener that browsers must not use.
    init(_ providers: [MountedProvider], forPrograms: Bool = false) {
        onlyAuthority = providers.count == 1 ? providers[0].issuer.authority.lowercased() : nil
        for provider in providers {
            let authority = provider.issuer.authority.lowercased()
            add(provider, at: authority, isSecure: provider.issuer.isSecure, forPrograms: forPrograms)
            guard let origin = provider.certificateOrigin?.lowercased() else { continue }
            let other = String(origin.dropFirst("https://".count))
            // Pages are only at the issuer's own URLs.
            guard origin != provider.issuer.origin else { continue }
            add(provider, at: other, isSecure: true, forPrograms: true)
            hasCertificateOrigin = true
        }
    }

    private mutating func add(_ provider: MountedProvider, at authority: String, isSecure: Bool, forPrograms: Bool) {
        for authority in Self.spellings(of: authority, isSecure: isSecure) {
            let conflict = sites[authority, default: Site()].add(provider, forPrograms: forPrograms)
            self.conflict = self.conflict ?? conflict
        }
    }

    /// Returns the endpoints at the path, or `nil` if there are none.
    func place(of exchange: Exchange) -> Place? { site(of: exchange)?.place(at: exchange.path) }

    /// Returns the provider that owns the URL, even if no endpoint matches. If several issuers share a host, the one
    /// with the longest matching path wins.
    func provider(of exchange: Exchange) -> MountedProvider? {
        guard let site = site(of: exchange) else { return nil }
        let path = exchange.path
        let fitting = site.providers.filter { path == $0.issuer.path || path.hasPrefix($0.issuer.path + "/") }
        return fitting.max { $0.issuer.path.utf8.count < $1.issuer.path.utf8.count } ?? site.providers.first
    }

    private func site(of exchange: Exchange) -> Site? {
        guard let onlyAuthority else { return sites[exchange.authority] }
        return (hasCertificateOrigin ? sites[exchange.authority] : nil) ?? sites[onlyAuthority]
    }

    /// Returns the authority with and without the scheme's default port (RFC 3986 §6.2.3).
    static func spellings(of authority: String, isSecure: Bool) -> [String] {
        let port = isSecure ? ":443" : ":80"
        if authority.hasSuffix(port) { return [authority, String(authority.dropLast(port.count))] }
        let hasPort = authority.last != "]" && authority.split(separator: "]").last?.contains(":") == true
        return hasPort ? [authority] : [authority, authority + port]
    }
}

extension RouteTable.Site {
    /// Adds the provider's routes. Returns the first conflict, if any.
    fileprivate mutating func add(_ provider: MountedProvider, forPrograms: Bool) -> ConflictingRoutes? {
        var conflict: ConflictingRoutes?
        providers.append(provider)
        for endpoint in provider.endpoints {
            for route in endpoint.routes where route.isForPrograms || !forPrograms {
                let path = route.isAtRoot ? route.path.text : provider.issuer.reference(route.path)
                var place = places[path] ?? RouteTable.Place(provider: provider, targets: [])
                if place.target(for: route.method) != nil {
                    conflict = conflict ?? ConflictingRoutes(method: route.method.rawValue, path: path)
                }
                place.targets.append((route, endpoint))
                if route.path.hasVariable, places[path] == nil { patterns.append(Path(path)) }
                places[path] = place
            }
        }
        return conflict
    }
}

/// Two endpoints handle the same method at one address.
package struct ConflictingRoutes: Error {
    package let method: String
    package let path: String
}
