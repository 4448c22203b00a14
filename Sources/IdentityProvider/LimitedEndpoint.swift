import FoundationEssentials
import HTTPTypes
import JOSE

/// Enforces the limit of a route for each client address (RFC 6585 §4), before anything expensive.
struct LimitedEndpoint: Endpoint {
    private let base: any Endpoint
    private let limits: Limits
    private let issuer: Issuer
    private let requests: RateLimiter
    private let failures: FailureLimiter
    private let digester: SecretDigester
    private let authenticator: ClientAuthenticator
    private let now: @Sendable () -> Date

    init(_ base: any Endpoint, _ core: Core, authenticator: ClientAuthenticator) {
        self.base = base
        limits = core.settings.limits
        issuer = core.issuer
        requests = core.limiter
        failures = FailureLimiter(core)
        digester = core.digester
        self.authenticator = authenticator
        now = core.now
    }

    var routes: [Route] { base.routes }
    func response(to error: OAuthError) -> Response { base.response(to: error) }

    func respond(to request: Request) async throws -> Response {
        let route = routes.first { $0.method == request.method && $0.path.text == request.path }
        guard let kind = route?.rateLimit, let limit = limits[kind] else { return try await base.respond(to: request) }
        let name = "\(request.path) from \(IPAddress.subscriber(of: request.remoteAddress))"
        switch kind {
        case .guessing: return try await countingGuesses(at: name, of: limit, request)
        case .requests: return try await countingUnlessAuthenticated(at: name, of: limit, request)
        case .mail:
            try check(requests.take("\(issuer) \(name)", of: limit, at: now()), kind, request)
            return try await base.respond(to: request)
        }
    }

    /// Not counted in advance: a crowd that signs in at the same moment behind one address fails rarely.
    private func countingGuesses(at name: String, of limit: RateLimit, _ request: Request) async throws -> Response {
        let bucket = Base64URL.encode(digester.digest(name, of: LimitedEndpoint.self).bytes)
        try check(try await failures.wait(for: bucket, of: limit), .guessing, request)
        let answer = await answer(to: request)
        if RequestContext.current.decision.hasFailedGuess { try await failures.failed(bucket, of: limit) }
        return try answer.get()
    }

    /// Counted in advance, so that concurrent requests can't exceed the limit. A client whose credential was right in
    /// this network lately gets in even while someone else there uses the limit up.
    private func countingUnlessAuthenticated(
        at name: String, of limit: RateLimit, _ request: Request
    ) async throws -> Response {
        let name = "\(issuer) \(name)"
        let seconds = requests.take(name, of: limit, at: now())
        if seconds != nil, !authenticator.recognizes(request) { try check(seconds, .requests, request) }
        let answer = await answer(to: request)
        switch (RequestContext.current.decision.hasAuthenticatedClient, seconds) {
        case (true, nil): requests.giveBack(name, of: limit)
        // The credential has become wrong since.
        case (false, _?): requests.charge(name, of: limit, at: now())
        case (true, _?), (false, nil): break
        }
        return try answer.get()
    }

    private func answer(to request: Request) async -> Result<Response, any Error> {
        do { return .success(try await base.respond(to: request)) } catch { return .failure(error) }
    }

    /// Throws if there are `seconds` to wait.
    private func check(_ seconds: Int?, _ limit: RouteLimit, _ request: Request) throws(OAuthError) {
        guard let seconds else { return }
        Measurements.countRateLimited(request.path)
        throw .tooManyRequests(retryAfter: seconds, cause: LimitReached(limit: limit))
    }
}

/// The address has used up the limit.
struct LimitReached: Error, CustomStringConvertible {
    let limit: RouteLimit
    var description: String { limit.setting }
}

extension LimitedEndpoint: Digested {
    static let digestLabel = "LimitedEndpoint"
}
