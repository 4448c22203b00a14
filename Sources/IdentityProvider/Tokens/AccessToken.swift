import FoundationEssentials
import JOSE

/// The content of an access token. Resource servers get it as a JWT (RFC 9068), or sealed if they use introspection.
struct AccessToken: Codable, Sendable {
    let id: String
    /// The parent of the token; `nil` if the client acts on its own behalf.
    let authorization: Identifier<Authorization>?
    let client: Identifier<Client>
    let user: Identifier<User>?
    let scope: Scope
    let audience: [String]
    let issuedAt: Date
    let expiresAt: Date
    let authenticatedAt: Date?
    let amr: [String]
    let acr: String?
    /// What its sender must prove to have; `nil` for a bearer token.
    var confirmation: Confirmation?
    /// The authorization details for its audience (RFC 9396 §9.1).
    var details: AuthorizationDetails?

    private enum CodingKeys: String, CodingKey {
        case id, authorization, client, user, scope, audience, issuedAt, expiresAt, authenticatedAt, amr, acr,
            confirmation, details
    }

    /// The scheme with which the token must be presented.
    var scheme: AuthenticationScheme { confirmation?.scheme ?? .bearer }

    var subject: String { user?.rawValue ?? client.rawValue }
}

extension AccessToken {
    /// Returns the claims of the JWT (RFC 9068 §2.2).
    func claims(issuer: Issuer) -> JSONObject {
        var claims: JSONObject = [
            "iss": .string(issuer.identifier), "sub": .string(subject),
            "aud": audience.count == 1 ? .string(audience[0]) : .array(audience.map(JSON.string)),
            "client_id": .string(client.rawValue), "iat": .integer(Int(issuedAt.timeIntervalSince1970)),
            "exp": .integer(Int(expiresAt.timeIntervalSince1970)), "jti": .string(id),
        ]
        if !scope.isEmpty { claims["scope"] = .string(scope.text) }
        if let authenticatedAt { claims["auth_time"] = .integer(Int(authenticatedAt.timeIntervalSince1970)) }
        if let acr { claims["acr"] = .string(acr) }
        if !amr.isEmpty { claims["amr"] = .array(amr.map(JSON.string)) }
        claims["cnf"] = confirmation?.claim
        claims["authorization_details"] = details?.json
        return claims
    }

    /// Parses the output of `claims(issuer:)`. The signature must have been verified.
    init?(claims: JSONObject) {
        guard let id = claims["jti"]?.string, let client = claims["client_id"]?.string,
            let subject = claims["sub"]?.string, let issuedAt = claims["iat"]?.seconds,
            let expiresAt = claims["exp"]?.seconds
        else { return nil }
        let confirmation = Confirmation(claim: claims["cnf"])
        // A binding that can't be checked must not count as none.
        guard confirmation != nil || claims["cnf"] == nil else { return nil }
        // A user's token has the identifier of its authorization as a prefix. A client's own token has none.
        let parent = id.split(separator: ".")
        let isForUser = parent.count == 2
        self.init(
            id: id, authorization: isForUser ? Identifier(rawValue: String(parent[0])) : nil,
            client: Identifier(rawValue: client), user: isForUser ? Identifier(rawValue: subject) : nil,
            scope: Scope((claims["scope"]?.string ?? "").split(separator: " ").map(String.init)),
            audience: claims.audience,
            issuedAt: Date(timeIntervalSince1970: issuedAt), expiresAt: Date(timeIntervalSince1970: expiresAt),
            authenticatedAt: (claims["auth_time"]?.seconds).map(Date.init(timeIntervalSince1970:)),
            amr: claims["amr"]?.array?.compactMap(\.string) ?? [], acr: claims["acr"]?.string,
            confirmation: confirmation, details: AuthorizationDetails(reading: claims["authorization_details"]))
    }

    /// Returns a new token identifier. It starts with the identifier of the authorization, which leads from the token
    /// to its parent.
    static func makeID(below authorization: Identifier<Authorization>?) -> String {
        let own = Base64URL.encode(RandomBytes.make(16))
        return authorization.map { "\($0.rawValue).\(own)" } ?? own
    }
}

extension ResourceCatalog {
    /// Returns the resource servers that accept `token`: those in its audience that define one of its scopes.
    func servers(of token: AccessToken) -> [ResourceServer] {
        servers.filter { server in
            token.audience.contains(server.identifier) && server.scopes.contains(where: token.scope.contains)
        }
    }

    /// Returns the resource servers that may introspect `token`: those that accept it, and those in its audience that
    /// declare the type of one of its details.
    func introspectors(of token: AccessToken) -> [ResourceServer] {
        let scoped = servers(of: token)
        guard token.details != nil else { return scoped }
        return servers.filter { server in
            scoped.contains { $0.identifier == server.identifier }
                || token.audience.contains(server.identifier) && details(token.details, at: [server]) != nil
        }
    }
}
