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
    /// The most that requests made on credit can delay later ones, in seconds.
    static let longestDebt: TimeInterval = 300
}

/// The requests to a route that are limited per client address. `Limits` holds the figures.
package enum RouteLimit: Hashable, Sendable {
    /// All requests. Even those that are refused at once cost an audit record.
    case requests
    /// All requests except those of clients that authenticate.
    case clients
    /// Requests that can send an email.
    case mail

    /// The setting with the figures, for the log.
    var setting: String {
        switch self {
        case .requests, .clients: "limits.requests"
        case .mail: "limits.email_requests"
        }
    }
}
