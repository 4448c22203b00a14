import JOSE

/// A claim about what a person may, in the access tokens of a resource server that wants it (RFC 9068 §2.2.3.1).
package enum EntitlementClaim: String, Sendable, Codable, CaseIterable {
    case roles = "roles"
    case groups = "groups"
    /// The person's permissions, under the name that RFC 9068 gives them, or the common one.
    case entitlements = "entitlements"
    case permissions = "permissions"
}

extension Entitlements {
    /// The claims that every resource server of `audience` wants: none is told what it did not ask for.
    func claims(for audience: [ResourceServer]) -> JSONObject {
        var claims: JSONObject = [:]
        guard let first = audience.first else { return claims }
        for claim in first.claims where audience.allSatisfy({ $0.claims.contains(claim) }) {
            let values =
                switch claim {
                case .roles: roles
                case .groups: groups
                case .entitlements, .permissions: permissions(of: audience)
                }
            claims[claim.rawValue] = .array(values.map(JSON.string))
        }
        return claims
    }

    /// Those that mean something to one of `audience`: a server that lists none is told all.
    private func permissions(of audience: [ResourceServer]) -> [String] {
        permissions.filter { permission in
            audience.contains { $0.permissions.isEmpty || $0.permissions.contains(permission) }
        }
    }
}
