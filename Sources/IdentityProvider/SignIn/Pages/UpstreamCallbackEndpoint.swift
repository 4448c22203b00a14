import FoundationEssentials
import HTTPTypes
import Tracing

/// Receives authorization responses of upstreams (RFC 6749 §4.1.2).
struct UpstreamCallbackEndpoint: Endpoint {
    private let upstreams: CachedUpstreams
    private let choices: UpstreamChoices
    private let responses: UpstreamResponses
    private let client: UpstreamClient
    private let cookie: UpstreamAttemptCookie
    private let arrival: UpstreamArrival
    private let failures: UpstreamFailures
    private let singleUse: any SingleUseStore
    private let sessions: SessionCookie
    private let browser: BrowserCookie
    private let issuer: Issuer
    private let now: @Sendable () -> Date
    let routes = [
        Route.get(.upstreamCallback, rateLimit: .requests), .post(.upstreamCallback, rateLimit: .requests),
    ]

    init(_ core: Core, loop: InteractionLoop) {
        upstreams = core.upstreams
        choices = UpstreamChoices(core)
        responses = UpstreamResponses(core)
        client = UpstreamClient(core)
        cookie = UpstreamAttemptCookie(core)
        arrival = UpstreamArrival(core, loop: loop)
        failures = UpstreamFailures(core)
        singleUse = core.stores.singleUse
        sessions = SessionCookie(core)
        browser = BrowserCookie(of: core.issuer)
        issuer = core.issuer
        now = core.now
    }

    func respond(to request: Request) async throws -> Response {
        guard let id = request.variable, let upstream = try await upstreams.findEnabled(Identifier(rawValue: id)) else {
            throw OAuthError(
                code: .invalidRequest, description: "no such upstream", status: .notFound, reason: .notFound)
        }
        // A form from another site comes without our `SameSite=Lax` cookies. The request that follows has them.
        guard request.method == .get else { return try responses.relay(request, to: upstream) }
        return try await receive(try responses.response(in: request), from: upstream, request)
    }

    func response(to error: OAuthError) -> Response { .page(error) }

    private func receive(
        _ response: UpstreamResponse, from upstream: Upstream, _ request: Request
    ) async throws -> Response {
        guard let attempt = cookie.attempt(response.state, at: upstream.id, in: request) else {
            failures.record(.lost, at: upstream.id)
            throw OAuthError.interactionLost.leading(to: .account(of: issuer))
        }
        return try await withSpan("upstream sign-in") { span in
            span.attributes["martlet.upstream"] = upstream.id.rawValue
            do {
                // The sign-in page offers to start the same request over, of which nothing carries over.
                guard isBound(attempt, request) else {
                    throw UpstreamFailure(
                        .lost, upstream, cause: UpstreamMistake("the attempt began in another browser"))
                }
                let response = try await finish(attempt, response, from: upstream, request)
                Measurements.countUpstreamSignIn(upstream.id)
                span.attributes["martlet.outcome"] = "success"
                return response.setting(cookie.clearing(attempt))
            } catch let failure as UpstreamFailure {
                span.attributes["martlet.outcome"] = failure.reason.rawValue
                return try failures.response(to: failure, of: attempt.purpose).setting(cookie.clearing(attempt))
            }
        }
    }

    /// Whether this browser began the attempt, and hasn't signed in since. Otherwise, an attacker could make a victim sign
    /// in as them (login CSRF, RFC 6749 §10.12).
    private func isBound(_ attempt: UpstreamAttempt, _ request: Request) -> Bool {
        switch attempt.purpose {
        case .signIn(let interaction): interaction.isBound(to: browser.identity(in: request))
        // The session is compared below.
        case .link: true
        }
    }

    /// The client's list may have changed since the attempt began.
    private func requireAllowed(_ upstream: Upstream, for purpose: UpstreamAttempt.Purpose) async throws {
        guard case .signIn(let interaction) = purpose,
            try await !choices.allowed(for: interaction).contains(where: { $0.id == upstream.id })
        else { return }
        throw UpstreamFailure(.notAdmitted, upstream, cause: UpstreamMistake("the client doesn't list the upstream"))
    }

    private func finish(
        _ attempt: UpstreamAttempt, _ response: UpstreamResponse, from upstream: Upstream, _ request: Request
    ) async throws -> Response {
        let expiry = cookie.expiry(of: attempt)
        guard now() < expiry, try await singleUse.consume(attempt.state, for: .upstreamState, until: expiry) else {
            throw UpstreamFailure(.lost, upstream, cause: UpstreamMistake("the attempt is over"))
        }
        guard attempt.upstream == upstream.id else {
            throw UpstreamFailure.invalid(upstream, "the attempt began with the upstream \(attempt.upstream)")
        }
        try await requireAllowed(upstream, for: attempt.purpose)
        switch attempt.purpose {
        case .signIn(let interaction):
            let identity = try await identity(attempt, response, upstream)
            return try await arrival.signIn(identity, from: upstream, interaction, request)
        case .link(let user, let session):
            // Otherwise, an attacker could link their account to a victim's.
            guard let current = try await sessions.current(request), current.session.id == session,
                current.user.id == user
            else { throw UpstreamFailure(.lost, upstream, cause: UpstreamMistake("the session is another")) }
            let identity = try await identity(attempt, response, upstream)
            return try await arrival.link(identity, from: upstream, to: current.user, in: current.session)
        }
    }

    private func identity(
        _ attempt: UpstreamAttempt, _ response: UpstreamResponse, _ upstream: Upstream
    ) async throws -> UpstreamIdentity {
        let metadata = try await client.metadata(of: upstream)
        let code = try response.code(from: upstream, at: metadata)
        let exchange = UpstreamExchange(
            code: code, redirectURI: issuer.url(.upstreamCallback.with(upstream.id.rawValue)), nonce: attempt.nonce,
            verifier: attempt.verifier, startedAt: attempt.startedAt, maxAge: attempt.maxAge)
        let identity = response.completing(
            try await client.identity(from: exchange, at: metadata, of: upstream), of: upstream)
        Decision.note("The upstream \(upstream.id) vouches for a user (\(identity.context.rawValue)).")
        return identity
    }
}
