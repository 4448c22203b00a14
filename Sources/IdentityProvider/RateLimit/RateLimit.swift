import FoundationEssentials

/// The requests that one key may make: `burst` at once, refilled at `perMinute`.
package struct RateLimit: Hashable, Sendable {
    package var burst: Int
    package var perMinute: Int

    package init(burst: Int, perMinute: Int) {
        self.burst = burst
        self.perMinute = perMinute
    }

    /// The time to refill one request, in seconds.
    var interval: TimeInterval { 60 / TimeInterval(perMinute) }
}

/// What a route limits per client address. `Limits` holds the figures.
package enum RouteLimit: Hashable, Sendable {
    /// Failed guesses at a secret, on all nodes together. A request without a wrong secret costs nothing.
    case guessing
    /// Requests, except those of clients that authenticate.
    case requests
    /// Requests that can send an email.
    case mail

    /// The setting with the figures, for the log.
    var setting: String {
        switch self {
        case .guessing: "limits.sign_in_failures"
        case .requests: "limits.requests"
        case .mail: "limits.email_requests"
        }
    }
}
