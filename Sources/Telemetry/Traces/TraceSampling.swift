/// Which of the traces that begin here are recorded: all nodes decide alike, for they look at the trace's identifier
/// only (OpenTelemetry, consistent probability sampling).
struct TraceSampling: Sendable {
    /// Of the 2^56 values that the end of an identifier can have, the lowest this many are left out.
    private let rejected: UInt64

    /// `ratio` is the part that is recorded, 0 to 1.
    init(ratio: Double) {
        let all = Double(UInt64(1) << 56)
        rejected = UInt64(((1 - min(max(ratio, 0), 1)) * all).rounded())
    }

    func isSampled(_ low: UInt64) -> Bool { low & 0xFF_FFFF_FFFF_FFFF >= rejected }
}
