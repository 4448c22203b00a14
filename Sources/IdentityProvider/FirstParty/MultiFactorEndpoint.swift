import FoundationEssentials
import HTTPTypes
import JOSE

/// `POST /api/auth/mfa`: takes the factor that a login still needs. A request without a proof starts the factor's
/// challenge: it sends a code or returns passkey options.
struct MultiFactorEndpoint: FirstPartyEndpoint {
    let clients: FirstPartyClients
    let factors: [any SecondFactor]
    let attempts: AttemptLimiter
    let signIn: SignIn
    let outcome: FirstPartySignIn
    let singleUse: any SingleUseStore
    let audit: AuditLog
    let sealer: Sealer
    let routes = [Route.api(.post, "mfa", rateLimit: .requests)]

    init(_ core: Core, signIn: SignIn, outcome: FirstPartySignIn) {
        clients = FirstPartyClients(core)
        factors = signIn.factors
        attempts = AttemptLimiter(core)
        self.signIn = signIn
        self.outcome = outcome
        singleUse = core.stores.singleUse
        audit = core.audit
        sealer = core.sealer
    }

    func respond(to request: Request) async throws -> Response {
        try request.requireKnown(["ticket", "factor", "code", "credential", "client_id"])
        let asked = try await open(request)
        let (ticket, factor) = (asked.ticket, asked.factor)
        try request.requireKnown(["ticket", "factor", factor.answer, "client_id"])
        guard request.parameters[factor.answer] != nil else { return try await question(asked, request) }
        let proof = try await outcome.proof(in: request, of: asked.client, over: ticket.attempt.transport)
        let shown = try await attempt(asked, request)
        guard try await singleUse.consume(ticket.id, for: .signInTicket, until: ticket.challenge.expiresAt) else {
            throw OAuthError.authenticationFailed
        }
        let result = try await signIn.advance(
            ticket.progress, with: shown, by: asked.user, toward: asked.destination, in: request.withoutCookies)
        return try await outcome.answer(
            result, of: asked.user, ticket.attempt, by: asked.client, provenBy: proof)
    }

    /// A valid ticket, and the factor chosen from those it allows.
    private struct Asked {
        let ticket: FirstPartySignIn.Ticket
        let user: User
        let client: Client
        let factor: any SecondFactor

        var destination: SignIn.Destination { ticket.attempt.destination(client) }
    }

    private func open(_ request: Request) async throws -> Asked {
        let parameters = request.parameters
        let text = try parameters.required("ticket")
        let name = try parameters.required("factor")
        guard let ticket = try? sealer.open(FirstPartySignIn.Ticket.self, from: text, for: .firstPartyTicket),
            parameters["client_id"].map({ $0 == ticket.attempt.client.rawValue }) ?? true,
            let user = try await signIn.person(of: ticket.progress),
            try await !singleUse.isConsumed(ticket.id, for: .signInTicket)
        else { throw OAuthError.authenticationFailed }
        let client = try await clients.client(ticket.attempt.client.rawValue)
        // An old ticket must not bypass a factor that the user has set up since.
        let present = try await signIn.reconsidered(
            ticket.progress, of: user, toward: ticket.attempt.destination(client), in: request.withoutCookies)
        guard case .show(let choices)? = present?.next,
            let factor = factors.first(where: { $0.factor.rawValue == name && choices.contains($0.factor) })
        else { throw OAuthError.authenticationFailed }
        // A ticket for cookies is valid only on a page of this origin, like the login that returned it.
        if ticket.attempt.transport == .cookie {
            _ = try Transport(request.with(Parameters([("transport", "cookie")])), of: outcome.issuer)
        }
        return Asked(ticket: ticket, user: user, client: client, factor: factor)
    }

    /// Starts the factor's challenge. Throws `invalid_request` if the factor has none.
    private func question(_ asked: Asked, _ request: Request) async throws -> Response {
        guard let question = try await asked.factor.ask(asked.user, asked.ticket.challenge, in: request.withoutCookies)
        else { throw OAuthError.invalidRequest("\(asked.factor.answer) is missing") }
        return question
    }

    private func attempt(_ asked: Asked, _ request: Request) async throws -> ShownFactor {
        switch try await asked.factor.attempt(
            request.withoutCookies, by: asked.user, on: nil, answering: asked.ticket.challenge, attempts: attempts)
        {
        case .throttled(let pause):
            refuse(asked, pause.refusal)
            throw OAuthError.tooManyRequests(retryAfter: pause.seconds)
        case .refused:
            refuse(asked, .wrongCredential)
            throw OAuthError.authenticationFailed
        case .accepted(let shown): return shown
        }
    }

    private func refuse(_ asked: Asked, _ reason: SignInRefusal) {
        audit.record(.signInRefused(reason, asked.factor.factor), user: asked.user.id, client: asked.client.id)
    }
}
