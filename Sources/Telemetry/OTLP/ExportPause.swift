/// How long to wait before a request that failed is made again: exponentially longer, with jitter, so that the nodes of a
/// cluster do not all come back at once (OTLP §OTLP/HTTP Throttling).
struct ExportPause {
    private static let longest = Duration.seconds(30)
    /// A collector that asks for more would be as good as gone.
    private static let longestAskedFor = 3_600

    private var next: Duration

    init(first: Duration) { next = first }

    /// Ours, before the next attempt.
    mutating func take() -> Duration {
        defer { next = min(next * 2, Self.longest) }
        return next * Double.random(in: 0.5...1.5)
    }

    /// What the collector asks for: `Retry-After` in seconds.
    static func asked(_ seconds: Int?) -> Duration { .seconds(min(max(seconds ?? 0, 0), longestAskedFor)) }
}
