import HTTPTypes
import JOSE

/// `GET /api/auth/self`: returns the profile of the signed-in user.
struct SelfEndpoint: FirstPartyEndpoint {
    let access: FirstPartyAccess
    let entitlements: CachedEntitlements
    let attributes: CachedAttributes
    let cookies: TokenCookies
    let routes = [Route.api(.get, "self")]

    init(_ core: Core, access: FirstPartyAccess) {
        self.access = access
        entitlements = core.entitlements
        attributes = core.attributes
        cookies = TokenCookies(core)
    }

    func respond(to request: Request) async throws -> Response {
        let (bearer, user, transport) = try await access.person(request)
        var profile: JSONObject = ["user_id": .string(user.id.rawValue), "username": .string(user.username)]
        let held = try await entitlements.entitlements(of: user)
        profile.merge(Claims.released(of: user, with: held, for: Scope.standard))
        let visible = try await attributes.attributes(of: user).visible
        if !visible.isEmpty { profile["attributes"] = .object(visible) }
        // A reloaded page has lost it.
        if transport == .cookie, let authorization = bearer.token.authorization {
            profile["csrf_token"] = .string(cookies.antiForgeryToken(of: authorization))
        }
        return Response.json(profile).offering(bearer.nextNonce)
    }
}
