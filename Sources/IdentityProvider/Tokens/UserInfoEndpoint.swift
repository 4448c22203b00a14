import HTTPTypes
import JOSE

extension Path { static let userInfo = Path("/userinfo") }

/// The userinfo endpoint (OpenID Connect Core §5.3).
struct UserInfoEndpoint: Endpoint {
    private let bearers: BearerAuthenticator
    private let stepUp: StepUp
    private let entitlements: CachedEntitlements
    private let attributes: CachedAttributes
    private let issuer: Issuer
    private let clients: any ClientStore
    private let signer: TokenSigner
    let routes = [
        Route.get(.userInfo, isSharedAcrossOrigins: true), .post(.userInfo, isSharedAcrossOrigins: true),
    ]

    init(_ core: Core, bearers: BearerAuthenticator, stepUp: StepUp) {
        entitlements = core.entitlements
        attributes = core.attributes
        issuer = core.issuer
        clients = core.clients
        signer = TokenSigner(core)
        self.bearers = bearers
        self.stepUp = stepUp
    }

    func respond(to request: Request) async throws -> Response {
        let bearer = try await bearers.authenticate(request)
        guard bearer.token.scope.contains(Scope.openID) else {
            throw OAuthError.bearerChallenge(
                .insufficientScope, "the scope openid is required", [("scope", Scope.openID)], scheme: bearer.scheme)
        }
        guard let person = bearer.person else { throw OAuthError.invalidBearer(bearer.scheme) }
        try await stepUp.require(of: person, as: bearer.scheme)
        let held = try await entitlements.entitlements(of: person.user)
        // First, so that they can't replace other claims.
        var claims = try await attributeClaims(of: person, bearer.token)
        claims.merge(Claims.released(of: person.user, with: held, for: bearer.token.scope))
        claims.merge(Claims.requested(person.granted.claims?.userInfo ?? [], of: person.user, with: held))
        claims["sub"] = .string(person.user.id.rawValue)
        return try await response(claims, to: bearer.token.client).offering(bearer.nextNonce)
    }

    /// Signs the claims for clients that register an algorithm (OpenID Connect Core §5.3.2).
    private func response(_ claims: JSONObject, to client: Identifier<Client>) async throws -> Response {
        guard let algorithm = try await clients.find(client)?.algorithms.userInfo else { return .json(claims) }
        var claims = claims
        claims["iss"] = .string(issuer.identifier)
        claims["aud"] = .string(client.rawValue)
        return .jwt(try await signer.sign(claims, type: "JWT", by: algorithm), type: "application/jwt")
    }

    private func attributeClaims(of person: AuthenticatedBearer.Person, _ token: AccessToken) async throws
        -> JSONObject
    {
        let attributes = try await attributes.attributes(of: person.user)
        var claims = attributes.released(for: token.scope, to: token.client)
        claims.merge(
            attributes.requested(
                person.granted.claims?.userInfo ?? [], for: person.granted.consentedScope, to: token.client))
        return claims
    }

    func describe(in metadata: inout ServerMetadata) {
        metadata["userinfo_endpoint"] = metadata.url(.userInfo)
        metadata["userinfo_signing_alg_values_supported"] = .array(KeyRing.algorithms.map { .string($0.rawValue) })
        metadata["claim_types_supported"] = ["normal"]
        metadata["claims_supported"] = .array((IDToken.claimNames + Claims.all).map(JSON.string))
    }
}
