import JOSE

/// The attributes of one user, and the claims that carry them.
///
/// A stored value that no longer fits its declaration is kept, but released to nobody.
struct UserAttributes: Sendable {
    private let catalog: AttributeCatalog
    private let values: JSONObject

    init(_ user: User, in catalog: AttributeCatalog) {
        self.catalog = catalog
        values = user.attributes
    }

    /// For a user without any.
    init() {
        catalog = AttributeCatalog([])
        values = [:]
    }

    /// Returns the claims that `scope` releases to `client`.
    func released(for scope: Scope, to client: Identifier<Client>) -> JSONObject {
        claims { $0.isFor(client) && $0.isReleased(by: scope) }
    }

    /// Returns the claims in `entries` that have one of the requested values (OpenID Connect Core §5.5.1). `scope` is
    /// what the user consented to, because the parameter must not give more than the scope would.
    func requested(_ entries: [ClaimsRequest.Entry], for scope: Scope, to client: Identifier<Client>) -> JSONObject {
        guard !entries.isEmpty else { return [:] }
        let available = released(for: scope, to: client)
        var claims: JSONObject = [:]
        for entry in entries {
            guard let value = available[entry.name], entry.accepts(value) else { continue }
            claims[entry.name] = value
        }
        return claims
    }

    /// Returns the claims of an access token for these resource servers.
    func carried(with scope: Scope, from client: Identifier<Client>, to audience: [String]) -> JSONObject {
        claims { $0.isFor(client) && $0.isCarried(with: scope, to: audience) }
    }

    /// Returns the values that the user may see, by attribute name.
    var visible: JSONObject {
        var visible: JSONObject = [:]
        for attribute in catalog.attributes where attribute.access != .hidden {
            visible[attribute.name] = value(of: attribute)
        }
        return visible
    }

    private func claims(where isIncluded: (AttributeClaim) -> Bool) -> JSONObject {
        var claims: JSONObject = [:]
        for attribute in catalog.attributes {
            guard let value = value(of: attribute) else { continue }
            for claim in attribute.claims where isIncluded(claim) && !ReservedClaims.contains(claim.name) {
                claims[claim.name] = value
            }
        }
        return claims
    }

    private func value(of attribute: Attribute) -> JSON? {
        values[attribute.name].flatMap { attribute.mistake(in: $0) == nil ? $0 : nil }
    }
}
