/// How long to wait before a request that failed is made again: exponentially longer, with jitter, so that the nodes of a
/// cluster do not all come back at once (OTLP §OTLP/HTTP Throttling).
struct ExportPause {
    private static let longest = Duration.seconds(30)
    /// A collector that asks for more would be as good as gone.
    private static let longestAskedFor = 3_600

    private var next: Duration

    init(first: Duration) { next = first }

    /// `asked` is the collector's own wish, `Retry-After` in seconds: it counts more than ours.
    mutating func take(asked: Int?) -> Duration {
        defer { next = min(next * 2, Self.longest) }
        if let asked { return .seconds(min(max(asked, 0), Self.longestAskedFor)) }
        return next * Double.random(in: 0.5...1.5)
    }
}
