import JOSE

/// What the `claims` parameter asks for (OpenID Connect Core §5.5), as far as this issuer has it.
package struct ClaimsRequest: Hashable, Sendable, Codable {
    /// One claim, and the values it must have to be returned; none means any (§5.5.1).
    package struct Entry: Hashable, Sendable, Codable {
        package let name: String
        package let values: [String]

        private enum CodingKeys: String, CodingKey {
            case name, values
        }
    }

    /// For the userinfo endpoint.
    package let userInfo: [Entry]
    /// For the ID Token.
    package let idToken: [Entry]
    /// Whoever is to sign in; nobody else is answered for (§5.5.1).
    package let subjects: [String]
    /// How the person must have signed in, at least in one of these ways (§5.5.1.1).
    package let essentialContexts: [String]

    private enum CodingKeys: String, CodingKey {
        case userInfo, idToken, subjects, essentialContexts
    }

    /// `nil` when there is no such parameter. Members that are not known mean nothing (§5.5). Throws `invalid_request`
    /// for what is no such object. Claims of a scope that the client may not ask for are not asked for this way.
    init?(_ parameters: Parameters, allowed: Scope) throws(OAuthError) {
        guard let text = parameters["claims"] else { return nil }
        guard let object = try? JSONObject(parsing: Array(text.utf8)) else {
            throw .invalidRequest("claims is not a JSON object")
        }
        let (userInfo, idToken) = (try Self.member("userinfo", of: object), try Self.member("id_token", of: object))
        let known = Claims.byScope.filter { allowed.contains($0.scope) }.flatMap(\.claims)
        self.userInfo = try Self.entries(userInfo, known)
        self.idToken = try Self.entries(idToken, known)
        subjects = try Self.values(of: "sub", in: userInfo) + Self.values(of: "sub", in: idToken)
        essentialContexts =
            idToken["acr"]?.object?["essential"] == true ? try Self.values(of: "acr", in: idToken) : []
    }

    /// The scope values that release the same claims: what a person must agree to.
    var scope: Scope {
        let names = Set((userInfo + idToken).map(\.name))
        return Scope(Claims.byScope.filter { !names.isDisjoint(with: $0.claims) }.map(\.scope))
    }

    private static func member(_ name: String, of object: JSONObject) throws(OAuthError) -> JSONObject {
        switch object[name] {
        case nil, .null: return [:]
        case .object(let member): return member
        default: throw .invalidRequest("\(name) within claims is not an object")
        }
    }

    private static func entries(_ member: JSONObject, _ known: [String]) throws(OAuthError) -> [Entry] {
        var entries: [Entry] = []
        for name in member.names where known.contains(name) {
            entries.append(Entry(name: name, values: try values(of: name, in: member)))
        }
        return entries
    }

    /// The texts of `value` and `values`; other types are kept as they are written.
    private static func values(of name: String, in member: JSONObject) throws(OAuthError) -> [String] {
        switch member[name] {
        case nil, .null: return []
        case .object(let wish):
            guard wish["values"] == nil || wish["values"]?.array != nil else {
                throw .invalidRequest("values within claims is not an array")
            }
            return ([wish["value"]].compactMap(\.self) + (wish["values"]?.array ?? [])).map(Claims.text)
        default: throw .invalidRequest("a claim within claims is neither null nor an object")
        }
    }
}
