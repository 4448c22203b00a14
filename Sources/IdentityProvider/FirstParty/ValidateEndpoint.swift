import FoundationEssentials
import HTTPTypes
import JOSE

/// `GET /api/auth/validate`: tells a gateway whether a token is good, whose it is, and what that person may. Of tokens of
/// other clients it says no more of the person than they were granted, or the API that they are for wants to know.
struct ValidateEndpoint: FirstPartyEndpoint {
    let access: FirstPartyAccess
    let clients: FirstPartyClients
    let resources: any ResourceServerStore
    let entitlements: CachedEntitlements
    let routes = [Route.api(.get, "validate")]

    func respond(to request: Request) async throws -> Response {
        let bearer = try await access.bearer(request)
        let token = bearer.token
        var answer: JSONObject = [
            "active": true, "sub": .string(token.subject), "client_id": .string(token.client.rawValue),
            "scope": .string(token.scope.text), "aud": .array(token.audience.map(JSON.string)),
            "exp": .integer(Int(token.expiresAt.timeIntervalSince1970)),
        ]
        guard let user = bearer.user else { return .json(answer) }
        let held = try await entitlements.entitlements(of: user)
        let isOurs = try await clients.isFirstParty(token.client)
        if isOurs || token.scope.contains(Scope.profile) { answer["username"] = .string(user.username) }
        let servers = try await resources.all().filter { token.audience.contains($0.identifier) }
        // Whoever holds an opaque token is to learn nothing from it; the API that it is for introspects.
        if servers.allSatisfy({ $0.format == .jwt }) {
            let claims = ResourceCatalog(servers: servers).claims(held, for: servers)
            for (name, value) in claims.members { answer[name] = value }
        }
        for (name, value) in Claims.released(held, for: isOurs ? Scope.standard : token.scope).members {
            answer[name] = value
        }
        return .json(answer)
    }

    /// A gateway that reads the body alone must not take an error for a good token.
    func response(to error: OAuthError) -> Response {
        let problem = Problem(error)
        guard problem.kind == .authenticationFailed else { return problem.response }
        var response = Problem(
            kind: problem.kind, status: problem.status, detail: problem.detail, members: ["active": false]
        ).response
        response.headers[.wwwAuthenticate] = "Bearer realm=\"martlet\", error=\"invalid_token\""
        return response
    }
}
