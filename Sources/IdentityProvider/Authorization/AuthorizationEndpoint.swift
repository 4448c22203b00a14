import FoundationEssentials
import HTTPTypes
import Logging
import Tracing

/// RFC 6749 §3.1; OpenID Connect Core §3.1.2. Pages send the browser back here with the interaction.
struct AuthorizationEndpoint: Endpoint {
    let clients: any ClientStore
    let resources: CachedResourceServers
    let consents: any ConsentStore
    let sessions: SessionCookie
    let signIn: SignIn
    let hints: IDTokenHintReader
    let interactions: InteractionKeeper
    let steps: InteractionSteps
    let responder: AuthorizationResponder
    let audit: AuditLog
    let now: @Sendable () -> Date
    let routes = [Route.get("/authorize"), .post("/authorize")]

    init(_ core: Core, steps: InteractionSteps) {
        clients = core.clients
        resources = core.resources
        consents = core.stores.consents
        sessions = SessionCookie(core)
        signIn = steps.signIn
        hints = IDTokenHintReader(core)
        interactions = InteractionKeeper(core)
        self.steps = steps
        responder = AuthorizationResponder(core)
        audit = core.audit
        now = core.now
    }

    func respond(to request: Request) async throws -> Response {
        if request.parameters["interaction"] != nil {
            let (interaction, cookie) = try interactions.resumeOrBind(request)
            return try await proceed(interaction, request).setting(cookie)
        }
        let parameters = request.parameters
        let client = try await client(Identifier(rawValue: parameters.required("client_id")))
        // Until the redirect URI is verified an error is shown; from here on it is redirected (RFC 6749 §4.1.2.1).
        let redirect = try VerifiedRedirect(parameters, for: client)
        Decision.note("The client \(client.id) registered this redirect_uri.")
        return try await answering(redirect, to: client.id) {
            let authorization = try AuthorizationRequest(
                parameters, from: client, to: redirect, known: try await resources.catalog(),
                subject: try await hints.subject(parameters))
            Decision.note("The authorization request is valid for scope \"\(authorization.scope.text)\".")
            var interaction = Interaction(request: authorization, startedAt: now())
            // Browsers keep our cookies back when another site posts; they come with the GET that follows.
            guard request.method != .post else {
                return .redirect(to: try interactions.location("/authorize", interaction))
            }
            let (identity, cookie) = interactions.browser.identityOrNew(in: request)
            interaction.bind(to: identity)
            return try await proceed(interaction, request).setting(cookie)
        }
    }

    func response(to error: OAuthError) -> Response { .page(error) }

    private func proceed(_ interaction: Interaction, _ request: Request) async throws -> Response {
        guard case .authorization(let authorization) = interaction.purpose else { throw OAuthError.interactionLost }
        return try await answering(authorization.redirect, to: authorization.client) {
            let client = try await client(authorization.client)
            let current = try await sessions.current(request)
            Decision.note(
                current.map {
                    "The browser has a session (acr \($0.session.acr), \($0.session.amr.joined(separator: " ")))."
                } ?? "The browser has no session.")
            let remembered = try await remembered(by: current?.user.id, for: client, at: authorization.redirect)
            let destination = SignIn.Destination(client: client, asked: interaction.asked)
            let policy = try await signIn.policy(toward: destination, by: current?.user)
            let step = try withSpan("sign-in step") { span in
                let step = try interaction.nextStep(
                    session: current?.session, policy: policy, client: client, remembered: remembered)
                span.attributes["martlet.step"] = step.name
                Decision.note("The next step is \(step.name).")
                return step
            }
            if case .respond(let session) = step {
                audit.record(
                    .authorizationGranted(scope: authorization.scope), user: session.user,
                    client: authorization.client, session: session.id)
                return try responder.respond(
                    to: authorization, for: session, acr: interaction.context(of: session) ?? session.acr)
            }
            return try await steps.take(step, of: interaction, by: current?.user, toward: destination, request)
        }
    }

    private func answering(
        _ redirect: VerifiedRedirect, to client: Identifier<Client>, _ body: () async throws -> Response
    ) async throws -> Response {
        do { return try await body() } catch {
            // A storage that is away answers nobody's request: the person may try again, the client would not know.
            if error is any StorageUnavailable { throw error }
            let answer = OAuthError(reporting: error)
            Measurements.countRefusal(answer.code)
            Logger.current.notice(
                "authorization refused",
                metadata: [
                    "error": "\(answer.code.rawValue)", "reason": "\(answer.description)",
                    "cause": "\(answer.cause.map { "\($0)" } ?? "none")",
                ])
            audit.record(
                .requestRefused(route: "/authorize", error: answer.code, reason: answer.description), client: client)
            return responder.redirect(answer, to: redirect)
        }
    }

    private func client(_ id: Identifier<Client>) async throws -> Client {
        guard let client = try await clients.findEnabled(id) else {
            Decision.note("No client of this name is registered and enabled.")
            throw OAuthError.invalidRequest("the client is not registered")
        }
        Decision.concerns(client.id)
        return client
    }

    private func remembered(
        by user: Identifier<User>?, for client: Client, at redirect: VerifiedRedirect
    ) async throws -> Scope {
        guard let user, !client.skipsConsent else { return [] }
        guard client.remembersConsent(at: redirect) else {
            Decision.note("Former consent does not count: the redirect_uri stays on the device (RFC 8252 §8.6).")
            return []
        }
        return try await consents.find(user: user, client: client.id)?.scope ?? []
    }
}
