import HTTPTypes
import JOSE

/// Claims about the person who signed in (OpenID Connect Core §5.3).
struct UserInfoEndpoint: Endpoint {
    let issuer: Issuer
    let users: any UserStore
    let entitlements: CachedEntitlements
    let accessTokens: AccessTokenReader
    let stepUp: StepUp
    let routes = [
        Route.get("/userinfo", isSharedAcrossOrigins: true), .post("/userinfo", isSharedAcrossOrigins: true),
    ]

    init(_ core: Core, accessTokens: AccessTokenReader, stepUp: StepUp) {
        issuer = core.issuer
        users = core.stores.users
        entitlements = core.entitlements
        self.accessTokens = accessTokens
        self.stepUp = stepUp
    }

    func respond(to request: Request) async throws -> Response {
        let text = try BearerToken.read(request)
        guard let (token, granted) = try await accessTokens.presented(text, to: issuer.identifier) else {
            throw OAuthError.bearerChallenge(.invalidToken, "the access token is not valid here")
        }
        guard token.scope.contains(Scope.openID) else {
            throw OAuthError.bearerChallenge(.insufficientScope, "the scope openid is needed", scope: Scope.openID)
        }
        guard let granted, let id = token.user, let user = try await users.findEnabled(id) else {
            throw OAuthError.bearerChallenge(.invalidToken, "the access token is not valid here")
        }
        try await stepUp.require(of: granted, by: user)
        let held = try await entitlements.entitlements(of: user)
        var claims = Claims.released(of: user, with: held, for: token.scope)
        claims.merge(Claims.requested(granted.claims?.userInfo ?? [], of: user, with: held))
        claims["sub"] = .string(user.id.rawValue)
        return .json(claims)
    }
}
