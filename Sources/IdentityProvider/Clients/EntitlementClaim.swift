import JOSE

/// A claim about a user's roles, groups or permissions, for access tokens of a resource server (RFC 9068 §2.2.3.1).
package enum EntitlementClaim: String, Sendable, Codable, CaseIterable {
    case roles = "roles"
    case groups = "groups"
    /// The user's permissions, under the name in RFC 9068.
    case entitlements = "entitlements"
    /// The user's permissions, under the common name.
    case permissions = "permissions"
}

extension Entitlements {
    /// Returns the claims that all resource servers of `audience` are configured to get. A server never receives a
    /// claim that is not configured for it.
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

    /// Returns the permissions listed by any server of `audience`, or all if one of the servers lists none.
    private func permissions(of audience: [ResourceServer]) -> [String] {
        permissions.filter { permission in
            audience.contains { $0.permissions.isEmpty || $0.permissions.contains(permission) }
        }
    }
}
