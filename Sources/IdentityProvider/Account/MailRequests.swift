import FoundationEssentials

/// Puts mails into the outbox that strangers ask for, as many as a mail server bears.
struct MailRequests: Sendable {
    let queue: MailQueue
    let limiter: RateLimiter
    let issuer: Issuer
    let now: @Sendable () -> Date

    /// Of one node, for one issuer, whoever asks.
    private static let limit = RateLimit(burst: 300, perMinute: 120)

    /// Throws `temporarily_unavailable` when too many ask.
    func add(_ occasion: Mail.Occasion, after request: Request) async throws {
        try take()
        try await queue.add(occasion, after: request)
    }

    /// Counts one that is added, if at all, when something else was done. Throws as `add`.
    func take() throws {
        if let seconds = limiter.take("mail \(issuer.identifier)", of: Self.limit, at: now()) {
            throw OAuthError.tooManyRequests(retryAfter: seconds)
        }
    }
}
