import FoundationEssentials
import HTTPTypes
import JOSE

/// `GET /api/auth/validate`: tells a gateway whether a token is valid for it, and about its user. For tokens of other
/// clients, it discloses only what they were granted or what the API they are for receives. `acr_values` and `max_age`
/// demand a sign-in (RFC 9470); `role` and `permission` demand entitlements, and the response is 403 if the user lacks
/// one or it may not be disclosed. A token that a client got for itself has no user, so it meets none of these. `htm` and
/// `htu` name the request that a DPoP proof must be for, and `audience` then names the resource server.
struct ValidateEndpoint: FirstPartyEndpoint {
    let access: FirstPartyAccess
    let clients: FirstPartyClients
    let resources: CachedResourceServers
    let entitlements: CachedEntitlements
    let attributes: CachedAttributes
    let routes = [Route.api(.get, "validate")]

    init(_ core: Core, access: FirstPartyAccess) {
        self.access = access
        clients = FirstPartyClients(core)
        resources = core.resources
        entitlements = core.entitlements
        attributes = core.attributes
    }

    func respond(to request: Request) async throws -> Response {
        try request.requireKnown(
            EntitlementDemand.parameters.union(DPoPTarget.parameters).union(["acr_values", "max_age", "audience"]))
        let asked = try AuthenticationDemand(request.parameters)
        let demanded = try EntitlementDemand(request.parameters)
        let catalog = try await resources.catalog()
        let audience = try audience(request.parameters, catalog)
        let target = try DPoPTarget(askedAboutIn: request)
        try requireServer(audience, receiving: target, in: request)
        let (bearer, _) = try await access.bearer(request, for: audience, at: target)
        let token = bearer.token
        let servers = catalog.servers(of: token)
        guard audience == access.issuer.identifier || servers.contains(where: { $0.identifier == audience }) else {
            Decision.note("The access token has no scope of \(audience) (RFC 8707 §2).")
            throw OAuthError.invalidBearer(bearer.scheme)
        }
        var answer: JSONObject = [
            "active": true, "sub": .string(token.subject), "client_id": .string(token.client.rawValue),
            "scope": .string(token.scope.text), "aud": .array(token.audience.map(JSON.string)),
            "exp": .integer(Int(token.expiresAt.timeIntervalSince1970)),
        ]
        guard let person = bearer.person else {
            guard asked.isEmpty else { throw OAuthError.insufficientAuthentication(asked, as: bearer.scheme) }
            return Self.response(answer, to: demanded).offering(bearer.nextNonce)
        }
        try await access.stepUp.require(asked, of: person, as: bearer.scheme)
        let user = person.user
        answer["acr"] = token.acr.map(JSON.string)
        answer["auth_time"] = token.authenticatedAt.map { .integer(Int($0.timeIntervalSince1970)) }
        let held = try await entitlements.entitlements(of: user)
        let isOurs = try await clients.isFirstParty(token.client)
        if isOurs || token.scope.contains(Scope.profile) { answer["username"] = .string(user.username) }
        // The holder of an opaque token must learn nothing from it. The API it is for uses introspection.
        if servers.allSatisfy({ $0.format == .jwt }) {
            let attributes = try await attributes.attributes(of: user)
                .carried(with: token.scope, from: token.client, to: servers.map(\.identifier))
            for (name, value) in attributes.members where answer[name] == nil { answer[name] = value }
            answer.merge(held.claims(for: servers))
        }
        answer.merge(Claims.released(held, for: isOurs ? Scope.standard : token.scope))
        return Self.response(answer, to: demanded).offering(bearer.nextNonce)
    }

    /// Returns the audience that the gateway demands, by default this issuer. Throws `invalid_request` if it is empty,
    /// unknown, or a resource server with opaque tokens: reading those requires client authentication (RFC 7662 §2.1),
    /// which this endpoint lacks.
    private func audience(_ parameters: Parameters, _ catalog: ResourceCatalog) throws(OAuthError) -> String {
        guard parameters.names.contains("audience") else { return access.issuer.identifier }
        let audience = parameters["audience"]
        let isKnown = catalog.servers.contains { $0.identifier == audience && $0.format == .jwt }
        guard let audience, isKnown || audience == access.issuer.identifier else {
            throw .invalidRequest("audience must be this issuer or a resource server with JWT access tokens")
        }
        return audience
    }

    /// Throws `invalid_request` if a proof for another host comes without the resource server there. Otherwise, that
    /// host could read what is only for this issuer, which refuses the proof at its other endpoints.
    private func requireServer(
        _ audience: String, receiving target: DPoPTarget?, in request: Request
    ) throws(OAuthError) {
        guard audience == access.issuer.identifier, request.headers[.dpop] != nil, let target,
            !target.matches(access.issuer.url(Path(request.path)))
        else { return }
        throw .invalidRequest("audience must name the resource server that the DPoP proof is for, not this issuer")
    }

    private static func response(_ answer: JSONObject, to demanded: EntitlementDemand) -> Response {
        guard !demanded.isMet(by: answer) else { return .json(answer) }
        Decision.note(
            "The token is valid, but what it discloses of its user lacks a role or permission that the gateway demands."
        )
        return ProblemDetails(
            kind: .insufficientPermissions, status: .forbidden,
            detail: "the token is valid, but a required role or permission is missing", members: ["active": true]
        ).response
    }

    /// A gateway that reads only the body must not mistake an error for a valid token.
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
