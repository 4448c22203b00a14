import FoundationEssentials
import HTTPTypes
import JOSE

/// `GET /api/auth/validate`: tells a gateway whether a token is good, whose it is, and what that person may. Of tokens of
/// other clients it says no more of the person than they were granted, or the API that they are for wants to know.
/// With `acr_values` and `max_age` the gateway demands a sign-in (RFC 9470); of a client's own token there is none, so
/// nothing is demanded of that. With `role` and `permission` it demands what the person may: 403 where they lack one, and
/// where nobody may be told that they have it.
struct ValidateEndpoint: FirstPartyEndpoint {
    let access: FirstPartyAccess
    let clients: FirstPartyClients
    let resources: any ResourceServerStore
    let entitlements: CachedEntitlements
    let routes = [Route.api(.get, "validate")]

    func respond(to request: Request) async throws -> Response {
        try request.requireKnown(EntitlementDemand.parameters.union(["acr_values", "max_age"]))
        let asked = try AuthenticationDemand(request.parameters)
        let demanded = try EntitlementDemand(request.parameters)
        let bearer = try await access.bearer(request)
        let token = bearer.token
        var answer: JSONObject = [
            "active": true, "sub": .string(token.subject), "client_id": .string(token.client.rawValue),
            "scope": .string(token.scope.text), "aud": .array(token.audience.map(JSON.string)),
            "exp": .integer(Int(token.expiresAt.timeIntervalSince1970)),
        ]
        guard let (user, granted) = bearer.person else { return Self.response(answer, to: demanded) }
        try await access.stepUp.require(asked, of: granted, by: user)
        answer["acr"] = token.acr.map(JSON.string)
        answer["auth_time"] = token.authenticatedAt.map { .integer(Int($0.timeIntervalSince1970)) }
        let held = try await entitlements.entitlements(of: user)
        let isOurs = try await clients.isFirstParty(token.client)
        if isOurs || token.scope.contains(Scope.profile) { answer["username"] = .string(user.username) }
        let servers = try await resources.catalog().servers(of: token)
        // Whoever holds an opaque token is to learn nothing from it; the API that it is for introspects.
        if servers.allSatisfy({ $0.format == .jwt }) {
            for (name, value) in held.claims(for: servers).members { answer[name] = value }
        }
        for (name, value) in Claims.released(held, for: isOurs ? Scope.standard : token.scope).members {
            answer[name] = value
        }
        return Self.response(answer, to: demanded)
    }

    private static func response(_ answer: JSONObject, to demanded: EntitlementDemand) -> Response {
        guard !demanded.isMet(by: answer) else { return .json(answer) }
        Decision.note("The token is good, but what the gateway demands is not among what it says of its person.")
        return Problem(
            kind: .insufficientPermissions, status: .forbidden,
            detail: "the token is good, but a role or permission that is demanded is missing", members: ["active": true]
        ).response
    }

    /// A gateway that reads the body alone must not take an error for a good token.
    func response(to error: OAuthError) -> Response {
        var problem = Problem(error)
        guard problem.status == .unauthorized else { return problem.response }
        problem.members["active"] = false
        var response = problem.response
        response.headers[.wwwAuthenticate] =
            error.headers[.wwwAuthenticate] ?? "Bearer realm=\"martlet\", error=\"invalid_token\""
        return response
    }
}
