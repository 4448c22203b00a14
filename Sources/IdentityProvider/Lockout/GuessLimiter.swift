import FoundationEssentials

/// Limits failed guesses at secrets from one address at each page and API, on all nodes together. Not counted in
/// advance: a crowd that signs in at the same moment behind one address fails rarely.
struct GuessLimiter: Sendable {
    private let failures: FailureLimiter
    private let limit: RateLimit?
    private let digester: SecretDigester

    init(_ core: Core) {
        failures = FailureLimiter(core)
        limit = core.settings.limits.signInFailures
        digester = core.digester
    }

    /// Throws if the next guess must wait.
    func check() async throws {
        guard let limit, let place = Place.current else { return }
        guard let seconds = try await failures.wait(for: name(of: place), of: limit) else { return }
        throw OAuthError.limitReached("limits.sign_in_failures", at: place.route, retryAfter: seconds)
    }

    func failed() async throws {
        guard let limit, let place = Place.current else { return }
        try await failures.failed(name(of: place), of: limit)
    }

    /// Where the current request guesses, and from where.
    private struct Place {
        let route: String
        let subscriber: String

        /// `nil` outside a request.
        static var current: Place? {
            let context = RequestContext.current
            guard let route = context.route, let address = context.address else { return nil }
            return Place(route: route, subscriber: IPAddress.subscriber(of: address))
        }
    }

    private func name(of place: Place) -> String {
        digester.name("\(place.route) from \(place.subscriber)", of: GuessLimiter.self)
    }
}

extension GuessLimiter: Digested {
    static let digestLabel = "GuessLimiter"
}
