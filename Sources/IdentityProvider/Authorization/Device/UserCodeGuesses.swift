import FoundationEssentials

/// Limits guesses at user codes on all nodes together (RFC 8628 §5.1): of one account, from one address, from one
/// network, and by everyone. An attacker with many addresses needs as many accounts, and still reaches the last limit.
struct UserCodeGuesses: Sendable {
    private let failures: FailureLimiter
    private let addresses: GuessLimiter
    private let limiter: RateLimiter
    private let digester: SecretDigester
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        failures = FailureLimiter(core)
        addresses = GuessLimiter(core)
        limiter = core.limiter
        digester = core.digester
        now = core.now
    }

    private static let accounts = RateLimit(burst: 10, perMinute: 1)
    /// Concurrent guesses, made before any of them has failed.
    private static let atOnce = RateLimit(burst: 5, perMinute: 60)
    private static let networks = RateLimit(burst: 60, perMinute: 60)
    /// With a thousand codes waiting all the time, this many guesses find one in a month on average.
    private static let everyone = RateLimit(burst: 1_000, perMinute: 600)

    /// Returns the seconds until the user may enter the next code, or `nil` if that is now. Throws if too many attempts
    /// from the address failed.
    func wait(_ user: Identifier<User>, _ request: Request) async throws -> Int? {
        try await addresses.check()
        for (name, limit) in buckets(of: user, request) {
            if let seconds = try await failures.wait(for: name, of: limit) { return seconds }
        }
        return limiter.take(name("at once by \(user)"), of: Self.atOnce, at: now())
    }

    func failed(_ user: Identifier<User>, _ request: Request) async throws {
        try await addresses.failed()
        for (name, limit) in buckets(of: user, request) { try await failures.failed(name, of: limit) }
    }

    private func buckets(of user: Identifier<User>, _ request: Request) -> [(name: String, limit: RateLimit)] {
        let network = IPAddress.site(of: request.remoteAddress)
        return [
            (name("by \(user)"), Self.accounts), (name("from \(network)"), Self.networks),
            (name("by everyone"), Self.everyone),
        ]
    }

    private func name(_ text: String) -> String { digester.name(text, of: UserCodeGuesses.self) }
}

extension UserCodeGuesses: Digested {
    static let digestLabel = "UserCodeGuesses"
}
