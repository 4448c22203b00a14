import HTTPTypes
import Logging

extension Path { static let forwardAuth = Path("/api/auth/forward") }

/// Decides whether a proxy may pass a request on to an application: nginx `auth_request`, Traefik ForwardAuth, Caddy
/// `forward_auth`. Also answers for paths below `/.martlet/` of the application's origin.
struct ForwardAuthEndpoint: Endpoint {
    private let issuer: Issuer
    private let clients: CachedClients
    private let passes: ForwardPassReader
    private let challenge: ForwardChallenge
    private let callback: ForwardCallback
    private let entitlements: CachedEntitlements
    private let audit: AuditLog
    let routes = [Route.get(.forwardAuth)]

    init(_ core: Core, signIn: SignIn) {
        issuer = core.issuer
        clients = core.clients
        passes = ForwardPassReader(core, signIn: signIn)
        challenge = ForwardChallenge(core)
        callback = ForwardCallback(core)
        entitlements = core.entitlements
        audit = core.audit
    }

    func respond(to request: Request) async throws -> Response {
        let forwarded = try ForwardedRequest(request)
        guard let client = try await clients.client(protecting: forwarded.origin), let rule = client.forwardAuth else {
            throw OAuthError(code: .accessDenied, description: "no client lists this origin under forward_auth")
        }
        switch forwarded.path {
        case ForwardedRequest.callback: return try await callback.response(to: forwarded, of: client, request)
        case ForwardedRequest.signOut: return leave(forwarded)
        default: break
        }
        guard let user = try await passes.user(passing: forwarded, for: client, request) else {
            return try challenge.response(to: forwarded, request)
        }
        let held = try await entitlements.entitlements(of: user)
        guard rule.admits(held), let fields = IdentityFields.make(user, held) else {
            audit.record(
                .forwardAuthenticationRefused(reason: "a role or permission is missing"), user: user.id,
                client: client.id)
            Logger.current.notice("access denied", metadata: ["user": "\(user.id)", "origin": "\(forwarded.origin)"])
            return refusal(forwarded)
        }
        var answer = Response(status: .noContent, headers: [.cacheControl: "no-store"])
        answer.headers.append(contentsOf: fields)
        return answer
    }

    /// Clears the pass and redirects to the sign-out of the session itself.
    private func leave(_ forwarded: ForwardedRequest) -> Response {
        .redirect(to: issuer.url(.endSession)).setting(ForwardCookies(origin: forwarded.origin).pass.clearing())
    }

    private func refusal(_ forwarded: ForwardedRequest) -> Response {
        let error = OAuthError(
            code: .insufficientScope, description: "this account may not use the application",
            reason: .accountNotAdmitted)
        return forwarded.isNavigation ? .page(error) : .json(error)
    }
}
