/// The delay before a failed request is retried: exponential backoff with jitter, so that the nodes of a cluster do not
/// all return at once (OTLP §OTLP/HTTP Throttling).
struct ExportPause {
    private static let longest = Duration.seconds(30)
    /// The longest delay that a collector may ask for, in seconds. One that asks for more counts as gone.
    private static let longestAskedFor = 3_600

    private var next: Duration

    init(first: Duration) { next = first }

    /// Returns the delay before the next attempt.
    mutating func take() -> Duration {
        defer { next = min(next * 2, Self.longest) }
        return next * Double.random(in: 0.5...1.5)
    }

    /// Returns the delay that the collector asks for, given its `Retry-After` in seconds.
    static func asked(_ seconds: Int?) -> Duration { .seconds(min(max(seconds ?? 0, 0), longestAskedFor)) }
}
