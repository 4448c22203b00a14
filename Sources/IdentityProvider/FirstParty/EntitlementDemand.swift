import JOSE

/// The roles and permissions that a gateway demands at a path: the person must have them all.
struct EntitlementDemand: Sendable {
    /// Each parameter, by the claim that answers it.
    private static let claims = ["role": Scope.roles, "permission": Scope.permissions]
    static let parameters = Set(claims.keys)

    private var wanted: [String: [String]] = [:]

    /// Throws `invalid_request` for a demand that names nothing: everybody would meet it.
    init(_ parameters: Parameters) throws(OAuthError) {
        for (parameter, claim) in Self.claims where parameters.names.contains(parameter) {
            wanted[claim] = parameters.list(parameter)
            if wanted[claim] == [] { throw .invalidRequest("a demand names nothing") }
        }
    }

    /// Whether `answer` has them all. What may not be told of the person is not there: whoever holds a token must not find
    /// it out by asking for one after the other.
    func isMet(by answer: JSONObject) -> Bool {
        wanted.allSatisfy { claim, names in
            Set(names).isSubset(of: (answer[claim]?.array ?? []).compactMap(\.string))
        }
    }
}
