import JOSE

/// The roles and permissions that a gateway requires for a path. The user must have all of them.
struct EntitlementDemand: Sendable {
    /// The parameters and the claims they are compared with.
    private static let claims = ["role": Scope.roles, "permission": Scope.permissions]
    static let parameters = Set(claims.keys)

    private var wanted: [String: [String]] = [:]

    /// Throws `invalid_request` for an empty demand, which everyone would meet.
    init(_ parameters: Parameters) throws(OAuthError) {
        for (parameter, claim) in Self.claims where parameters.names.contains(parameter) {
            wanted[claim] = parameters.list(parameter)
            if wanted[claim] == [] { throw .invalidRequest("\(parameter) must name at least one value") }
        }
    }

    /// Returns whether `answer` contains all required values. Roles that may not be disclosed are not in it, so the
    /// holder of a token can't discover them by trying one after another.
    func isMet(by answer: JSONObject) -> Bool {
        wanted.allSatisfy { claim, names in
            Set(names).isSubset(of: (answer[claim]?.array ?? []).compactMap(\.string))
        }
    }
}
