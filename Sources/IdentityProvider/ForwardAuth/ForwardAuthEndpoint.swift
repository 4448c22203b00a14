import FoundationEssentials
import HTTPTypes
import Logging

extension Path { static let forwardAuth = Path("/api/auth/forward") }

/// Where a proxy asks whether a request to an application may pass: nginx `auth_request`, Traefik ForwardAuth, Caddy
/// `forward_auth`. It also answers for the paths below `/.martlet/` of the application's origin.
struct ForwardAuthEndpoint: Endpoint {
    let issuer: Issuer
    let clients: CachedClients
    let sessions: any SessionStore
    let users: any UserStore
    let signIn: SignIn
    let entitlements: CachedEntitlements
    let singleUse: any SingleUseStore
    let audit: AuditLog
    let sealer: Sealer
    let lifetimes: Lifetimes
    let now: @Sendable () -> Date
    let routes = [Route.get(.forwardAuth)]

    init(_ core: Core, signIn: SignIn) {
        issuer = core.issuer
        clients = core.clients
        sessions = core.stores.sessions
        users = core.stores.users
        self.signIn = signIn
        entitlements = core.entitlements
        singleUse = core.stores.singleUse
        audit = core.audit
        sealer = core.sealer
        lifetimes = core.settings.lifetimes
        now = core.now
    }

    func respond(to request: Request) async throws -> Response {
        let forwarded = try ForwardedRequest(request)
        guard let client = try await clients.client(protecting: forwarded.origin), let rule = client.forwardAuth else {
            throw OAuthError(code: .accessDenied, description: "no client has this origin under forward_auth")
        }
        switch forwarded.path {
        case ForwardedRequest.callback: return try await enter(forwarded, request)
        case ForwardedRequest.signOut: return leave(forwarded)
        default: break
        }
        guard let user = try await user(passing: forwarded, for: client, request) else {
            return try turnAway(forwarded, request)
        }
        let held = try await entitlements.entitlements(of: user)
        guard rule.admits(held), let fields = IdentityFields.make(user, held) else {
            audit.record(
                .forwardAuthenticationRefused(reason: "a role or permission is missing"), user: user.id,
                client: client.id)
            Logger.current.notice("not admitted", metadata: ["user": "\(user.id)", "origin": "\(forwarded.origin)"])
            return refusal(forwarded)
        }
        var answer = Response(status: .noContent, headers: [.cacheControl: "no-store"])
        answer.headers.append(contentsOf: fields)
        return answer
    }

    /// The user of the session that the browser's pass names, if that is active and strong enough.
    private func user(
        passing forwarded: ForwardedRequest, for client: Client, _ request: Request
    ) async throws -> User? {
        let cookies = ForwardCookies(origin: forwarded.origin)
        guard let text = cookies.pass.value(in: request),
            let pass = try? sealer.open(ForwardPass.self, from: text, for: .forwardPass),
            pass.origin == forwarded.origin,
            let session = try await sessions.find(pass.session, at: now()),
            let user = try await users.findEnabled(session.user),
            try await signIn.policy(toward: SignIn.Destination(client: client), by: user).isSatisfied(by: session)
        else { return nil }
        return user
    }

    /// Sends a person to sign in, and tells a program that it must. A proxy that understands statuses alone asks with
    /// `redirect=manual` and finds the address in `Location`.
    private func turnAway(_ forwarded: ForwardedRequest, _ request: Request) throws -> Response {
        let challenge: HTTPFields = [.cacheControl: "no-store", .wwwAuthenticate: "Session realm=\"martlet\""]
        guard forwarded.isNavigation else { return Response(status: .unauthorized, headers: challenge) }
        let cookies = ForwardCookies(origin: forwarded.origin)
        let (browser, cookie) = cookies.browserOrNew(in: request, maxAge: Int(lifetimes.interaction))
        let signIn = ForwardSignIn(origin: forwarded.origin, uri: forwarded.uri, browser: browser, startedAt: now())
        let sealed = try sealer.seal(signIn, for: .forwardSignIn)
        var answer = Response.redirect(to: issuer.url(.forwardSignIn) + "?request=\(sealed)")
        if request.parameters["redirect"] == "manual" {
            answer.status = .unauthorized
            answer.headers.append(contentsOf: challenge)
        } else {
            answer.status = .found
        }
        return answer.setting(cookie)
    }

    /// Takes the ticket that a sign-in ended with, and gives the browser its pass.
    private func enter(_ forwarded: ForwardedRequest, _ request: Request) async throws -> Response {
        let parameters = try Parameters(parsing: forwarded.query, limits: Limits())
        let cookies = ForwardCookies(origin: forwarded.origin)
        guard let text = parameters["ticket"],
            let ticket = try? sealer.open(ForwardTicket.self, from: text, for: .forwardTicket),
            ticket.origin == forwarded.origin, now() < ticket.expiresAt, cookies.isBrowser(ticket.browser, in: request),
            try await sessions.find(ticket.session, at: now()) != nil,
            try await singleUse.consume(ticket.id, for: .forwardTicket, until: ticket.expiresAt)
        else { return .page(.error(.interactionLost), status: .gone) }
        let pass = ForwardPass(origin: forwarded.origin, session: ticket.session)
        return .redirect(to: forwarded.origin + ticket.uri)
            .setting(cookies.pass.setting(try sealer.seal(pass, for: .forwardPass)))
    }

    /// Forgets the pass, and goes where the session itself is ended.
    private func leave(_ forwarded: ForwardedRequest) -> Response {
        .redirect(to: issuer.url(.endSession)).setting(ForwardCookies(origin: forwarded.origin).pass.clearing())
    }

    private func refusal(_ forwarded: ForwardedRequest) -> Response {
        let error = OAuthError(code: .insufficientScope, description: "this account may not use the application")
        return forwarded.isNavigation ? .page(error) : .json(error)
    }
}
