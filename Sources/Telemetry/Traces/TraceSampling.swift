/// Decides which traces started here are recorded. All nodes decide alike, because the decision depends only on the
/// trace ID (OpenTelemetry consistent probability sampling).
struct TraceSampling: Sendable {
    /// The threshold below which the last 56 bits of a trace ID are not sampled.
    private let rejected: UInt64

    /// `ratio` is the fraction to record, 0 to 1.
    init(ratio: Double) {
        let all = Double(UInt64(1) << 56)
        rejected = UInt64(((1 - min(max(ratio, 0), 1)) * all).rounded())
    }

    func isSampled(_ low: UInt64) -> Bool { low & 0xFF_FFFF_FFFF_FFFF >= rejected }
}
