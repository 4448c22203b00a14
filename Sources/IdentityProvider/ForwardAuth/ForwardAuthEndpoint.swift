import HTTPTypes
import Logging

extension Path { static let forwardAuth = Path("/api/auth/forward") }

/// Decides whether a proxy may pass a request on to an application: nginx `auth_request`, Traefik ForwardAuth, Caddy
/// `forward_auth`. Also answers for paths below `/.martlet/` of the application's origin.
struct ForwardAuthEndpoint: Endpoint {
    private let issuer: Issuer
    private let clients: CachedClients
    private let passes: ForwardPassReader
    private let tokens: ForwardTokenReader
    private let challenge: ForwardChallenge
    private let callback: ForwardCallback
    private let entitlements: CachedEntitlements
    private let audit: AuditLog
    let routes = [Route.get(.forwardAuth)]

    init(_ core: Core, signIn: SignIn, tokens: TokenTopic) {
        issuer = core.issuer
        clients = core.clients
        passes = ForwardPassReader(core, signIn: signIn)
        self.tokens = ForwardTokenReader(core, bearers: tokens.bearers, stepUp: tokens.stepUp)
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
        if let bearer = try await tokens.bearer(of: forwarded, for: client, request) {
            guard let fields = try await fields(of: bearer.person?.user, admittedBy: rule, of: client, forwarded) else {
                throw OAuthError.bearerChallenge(
                    .insufficientScope, "the token's user may not use the application", scheme: bearer.scheme)
            }
            return Self.admission(fields).offering(bearer.nextNonce)
        }
        guard let user = try await passes.user(passing: forwarded, for: client, request) else {
            return try challenge.response(to: forwarded, request)
        }
        guard let fields = try await fields(of: user, admittedBy: rule, of: client, forwarded) else {
            return refusal(forwarded)
        }
        return Self.admission(fields)
    }

    /// Returns the identity fields of a user whom the application admits. Without a user, they are empty, and only an
    /// application that demands no role or permission admits the program.
    private func fields(
        of user: User?, admittedBy rule: ForwardAuthRule, of client: Client, _ forwarded: ForwardedRequest
    ) async throws -> HTTPFields? {
        let held = if let user { try await entitlements.entitlements(of: user) } else { Entitlements?.none }
        let isAdmitted = held.map(rule.admits) ?? rule.demandsNothing
        guard isAdmitted, let fields = IdentityFields.make(user, held) else {
            audit.record(
                .forwardAuthenticationRefused(reason: "a role or permission is missing"), user: user?.id,
                client: client.id)
            Logger.current.notice(
                "access denied", metadata: ["user": "\(user?.id.rawValue ?? "none")", "origin": "\(forwarded.origin)"])
            return nil
        }
        return fields
    }

    private static func admission(_ fields: HTTPFields) -> Response {
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
