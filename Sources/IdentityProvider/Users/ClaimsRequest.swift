import JOSE

/// The parsed `claims` parameter (OpenID Connect Core §5.5), limited to claims that this issuer supports.
package struct ClaimsRequest: Hashable, Sendable, Codable {
    /// A claim and the values it may have to be returned; an empty list means any (§5.5.1).
    package struct Entry: Hashable, Sendable, Codable {
        package let name: String
        package let values: [String]

        private enum CodingKeys: String, CodingKey {
            case name, values
        }

        /// Whether the entry asks for a claim with this value (§5.5.1).
        func accepts(_ value: JSON) -> Bool { values.isEmpty || values.contains(Claims.text(value)) }
    }

    /// Requested from the userinfo endpoint.
    package let userInfo: [Entry]
    /// Requested in the ID Token.
    package let idToken: [Entry]
    /// The users who may sign in. The response must not be for anyone else (§5.5.1).
    package let subjects: [String]
    /// The essential `acr` values, of which the sign-in must meet one (§5.5.1.1).
    package let essentialContexts: [String]
    /// The scope values that release the requested claims of attributes; `nil` if none is requested.
    package let attributeScope: Scope?

    private enum CodingKeys: String, CodingKey {
        case userInfo, idToken, subjects, essentialContexts, attributeScope
    }

    /// Parses the parameter; `nil` if it is absent. Unknown members are ignored (§5.5), as are claims whose scope the
    /// client may not request. Throws `invalid_request` if the value is malformed.
    ///
    /// `attributes` lists the claims of attributes, in the form of `Claims.byScope`.
    init?(
        _ parameters: Parameters, allowed: Scope, attributes: [(scope: String, claims: [String])] = []
    ) throws(OAuthError) {
        guard let text = parameters["claims"] else { return nil }
        guard let object = try? JSONObject(parsing: Array(text.utf8)) else {
            throw .invalidRequest("claims is not a JSON object")
        }
        let (userInfo, idToken) = (try Self.member("userinfo", of: object), try Self.member("id_token", of: object))
        let known = (Claims.byScope + attributes).filter { allowed.contains($0.scope) }
        self.userInfo = try Self.entries(userInfo, known.flatMap(\.claims))
        self.idToken = try Self.entries(idToken, known.flatMap(\.claims))
        let names = Set((self.userInfo + self.idToken).map(\.name))
        let scope = Scope(
            attributes.filter { allowed.contains($0.scope) && !names.isDisjoint(with: $0.claims) }.map(\.scope))
        attributeScope = scope.isEmpty ? nil : scope
        subjects = try Self.values(of: "sub", in: userInfo) + Self.values(of: "sub", in: idToken)
        essentialContexts =
            idToken["acr"]?.object?["essential"] == true ? try Self.values(of: "acr", in: idToken) : []
    }

    /// The scope values that release the same claims, to which the user must consent.
    var scope: Scope {
        let names = Set((userInfo + idToken).map(\.name))
        return Scope(Claims.byScope.filter { !names.isDisjoint(with: $0.claims) }.map(\.scope))
            .union(attributeScope ?? [])
    }

    private static func member(_ name: String, of object: JSONObject) throws(OAuthError) -> JSONObject {
        switch object[name] {
        case nil, .null: return [:]
        case .object(let member): return member
        default: throw .invalidRequest("the member \(name) of claims is not an object")
        }
    }

    private static func entries(_ member: JSONObject, _ known: [String]) throws(OAuthError) -> [Entry] {
        var entries: [Entry] = []
        for name in member.names where known.contains(name) {
            entries.append(Entry(name: name, values: try values(of: name, in: member)))
        }
        return entries
    }

    /// Returns the strings in `value` and `values`. Values of other types are serialized.
    private static func values(of name: String, in member: JSONObject) throws(OAuthError) -> [String] {
        switch member[name] {
        case nil, .null: return []
        case .object(let wish):
            guard wish["values"] == nil || wish["values"]?.array != nil else {
                throw .invalidRequest("a values member in claims is not an array")
            }
            return ([wish["value"]].compactMap(\.self) + (wish["values"]?.array ?? [])).map(Claims.text)
        default: throw .invalidRequest("a claim requested in claims is neither null nor an object")
        }
    }
}
