import FoundationEssentials
import HTTPTypes
import JOSE

/// `GET /api/auth/validate`: tells a gateway whether a token is good for it, whose it is, and what that person may. Of
/// tokens of other clients it says no more of the person than they were granted, or the API that they are for wants to
/// know. With `acr_values` and `max_age` the gateway demands a sign-in (RFC 9470), with `role` and `permission` what the
/// person may: 403 if they lack one, or nobody may be told that they have it. A client's own token has no person, so it
/// meets none of these.
struct ValidateEndpoint: FirstPartyEndpoint {
    let access: FirstPartyAccess
    let clients: FirstPartyClients
    let resources: CachedResourceServers
    let entitlements: CachedEntitlements
    let routes = [Route.api(.get, "validate")]

    init(_ core: Core, access: FirstPartyAccess) {
        self.access = access
        clients = FirstPartyClients(core)
        resources = core.resources
        entitlements = core.entitlements
    }

    func respond(to request: Request) async throws -> Response {
        try request.requireKnown(EntitlementDemand.parameters.union(["acr_values", "max_age", "audience"]))
        let asked = try AuthenticationDemand(request.parameters)
        let demanded = try EntitlementDemand(request.parameters)
        let catalog = try await resources.catalog()
        let audience = try audience(request.parameters, catalog)
        let (bearer, _) = try await access.bearer(request, for: audience)
        let token = bearer.token
        let servers = catalog.servers(of: token)
        guard audience == access.issuer.identifier || servers.contains(where: { $0.identifier == audience }) else {
            Decision.note("The access token has no scope of \(audience) (RFC 8707 §2).")
            throw OAuthError.authenticationFailed
        }
        var answer: JSONObject = [
            "active": true, "sub": .string(token.subject), "client_id": .string(token.client.rawValue),
            "scope": .string(token.scope.text), "aud": .array(token.audience.map(JSON.string)),
            "exp": .integer(Int(token.expiresAt.timeIntervalSince1970)),
        ]
        guard let person = bearer.person else {
            guard asked.isEmpty else { throw OAuthError.insufficientAuthentication(asked) }
            return Self.response(answer, to: demanded)
        }
        try await access.stepUp.require(asked, of: person)
        let user = person.user
        answer["acr"] = token.acr.map(JSON.string)
        answer["auth_time"] = token.authenticatedAt.map { .integer(Int($0.timeIntervalSince1970)) }
        let held = try await entitlements.entitlements(of: user)
        let isOurs = try await clients.isFirstParty(token.client)
        if isOurs || token.scope.contains(Scope.profile) { answer["username"] = .string(user.username) }
        // Whoever holds an opaque token is to learn nothing from it; the API that it is for introspects.
        if servers.allSatisfy({ $0.format == .jwt }) { answer.merge(held.claims(for: servers)) }
        answer.merge(Claims.released(held, for: isOurs ? Scope.standard : token.scope))
        return Self.response(answer, to: demanded)
    }

    /// The audience that the gateway demands, this issuer by default. Throws `invalid_request` for an empty or unknown one,
    /// and for a resource server with opaque tokens: reading those takes client authentication (RFC 7662 §2.1), and this
    /// endpoint has none.
    private func audience(_ parameters: Parameters, _ catalog: ResourceCatalog) throws(OAuthError) -> String {
        guard parameters.names.contains("audience") else { return access.issuer.identifier }
        let audience = parameters["audience"]
        let isKnown = catalog.servers.contains { $0.identifier == audience && $0.format == .jwt }
        guard let audience, isKnown || audience == access.issuer.identifier else {
            throw .invalidRequest("audience must be this issuer or a resource server whose access tokens are JWTs")
        }
        return audience
    }

    private static func response(_ answer: JSONObject, to demanded: EntitlementDemand) -> Response {
        guard !demanded.isMet(by: answer) else { return .json(answer) }
        Decision.note("The token is good, but what the gateway demands is not among what it says of its person.")
        return ProblemDetails(
            kind: .insufficientPermissions, status: .forbidden,
            detail: "the token is good, but a role or permission that is demanded is missing", members: ["active": true]
        ).response
    }

    /// A gateway that reads the body alone must not take an error for a good token.
    func response(to error: OAuthError) -> Response {
        var problem = ProblemDetails(error)
        guard problem.status == .unauthorized else { return problem.response }
        problem.members["active"] = false
        var response = problem.response
        if error.headers[.wwwAuthenticate] == nil {
            response.headers[.wwwAuthenticate] = AuthenticationScheme.bearer.challenge([("error", "invalid_token")])
        }
        return response
    }
}
