import HTTPTypes
import JOSE

extension Path { static let userInfo = Path("/userinfo") }

/// The userinfo endpoint (OpenID Connect Core §5.3).
struct UserInfoEndpoint: Endpoint {
    private let bearers: BearerAuthenticator
    private let stepUp: StepUp
    private let entitlements: CachedEntitlements
    let routes = [
        Route.get(.userInfo, isSharedAcrossOrigins: true), .post(.userInfo, isSharedAcrossOrigins: true),
    ]

    init(_ core: Core, bearers: BearerAuthenticator, stepUp: StepUp) {
        entitlements = core.entitlements
        self.bearers = bearers
        self.stepUp = stepUp
    }

    func respond(to request: Request) async throws -> Response {
        let bearer = try await bearers.authenticate(request)
        guard bearer.token.scope.contains(Scope.openID) else {
            throw OAuthError.bearerChallenge(
                .insufficientScope, "the scope openid is required", [("scope", Scope.openID)])
        }
        guard let person = bearer.person else { throw OAuthError.invalidBearer }
        try await stepUp.require(of: person)
        let held = try await entitlements.entitlements(of: person.user)
        var claims = Claims.released(of: person.user, with: held, for: bearer.token.scope)
        claims.merge(Claims.requested(person.granted.claims?.userInfo ?? [], of: person.user, with: held))
        claims["sub"] = .string(person.user.id.rawValue)
        return .json(claims)
    }

    func describe(in metadata: inout ServerMetadata) {
        metadata["userinfo_endpoint"] = metadata.url(.userInfo)
        metadata["claim_types_supported"] = ["normal"]
        metadata["claims_supported"] = .array((IDToken.claimNames + Claims.all).map(JSON.string))
    }
}
