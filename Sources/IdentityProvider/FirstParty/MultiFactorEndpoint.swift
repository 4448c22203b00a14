import FoundationEssentials
import HTTPTypes
import JOSE

/// `POST /api/auth/mfa`: the factor that a login still asked for. Without an answer, the factor that needs a question asks
/// it: a code is sent, a passkey challenged.
struct MultiFactorEndpoint: FirstPartyEndpoint {
    let clients: FirstPartyClients
    let factors: [any SecondFactor]
    let attempts: AttemptLimiter
    let signIn: SignIn
    let outcome: FirstPartySignIn
    let singleUse: any SingleUseStore
    let audit: AuditLog
    let sealer: Sealer
    let routes = [Route.api(.post, "mfa", rateLimit: .guessing)]

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
        let parameters = request.parameters
        let text = try parameters.required("ticket")
        let name = try parameters.required("factor")
        guard let ticket = try? sealer.open(FirstPartySignIn.Ticket.self, from: text, for: .firstPartyTicket),
            parameters["client_id"].map({ $0 == ticket.attempt.client.rawValue }) ?? true,
            let user = try await signIn.person(of: ticket.progress),
            try await !singleUse.isConsumed(ticket.id, for: .signInTicket)
        else { throw OAuthError.authenticationFailed }
        let client = try await clients.client(ticket.attempt.client.rawValue)
        // A ticket of before must not get by with less than the person set up meanwhile.
        let present = try await signIn.reconsidered(
            ticket.progress, of: user, toward: ticket.attempt.destination(client), in: request.withoutCookies)
        guard case .show(let choices)? = present?.next,
            let factor = factors.first(where: { $0.factor.rawValue == name && choices.contains($0.factor) })
        else { throw OAuthError.authenticationFailed }
        // A ticket goes where it was made for: in cookies of this origin only to a page of this origin.
        if ticket.attempt.transport == .cookie {
            _ = try Transport(request.with(Parameters([("transport", "cookie")])), of: outcome.issuer)
        }
        try request.requireKnown(["ticket", "factor", factor.answer, "client_id"])
        guard parameters[factor.answer] != nil else {
            guard let question = try await factor.ask(user, ticket.challenge, in: request.withoutCookies) else {
                throw OAuthError.invalidRequest("\(factor.answer) is missing")
            }
            return question
        }
        let shown: ShownFactor
        switch try await factor.attempt(
            request.withoutCookies, by: user, on: nil, answering: ticket.challenge, attempts: attempts)
        {
        case .throttled(let pause):
            audit.record(.signInRefused(pause.refusal, factor.factor), user: user.id, client: client.id)
            throw OAuthError.tooManyRequests(retryAfter: pause.seconds)
        case .refused:
            audit.record(.signInRefused(.wrongCredential, factor.factor), user: user.id, client: client.id)
            throw OAuthError.authenticationFailed
        case .accepted(let factor): shown = factor
        }
        guard try await singleUse.consume(ticket.id, for: .signInTicket, until: ticket.challenge.expiresAt) else {
            throw OAuthError.authenticationFailed
        }
        let result = try await signIn.advance(
            ticket.progress, with: shown, by: user, toward: ticket.attempt.destination(client),
            in: request.withoutCookies)
        return try await outcome.answer(result, of: user, ticket.attempt, by: client)
    }
}
