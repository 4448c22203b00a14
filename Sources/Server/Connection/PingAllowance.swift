import NIOCore

/// How often an HTTP/2 client may ping without asking for anything (RFC 9113 §10.5): once in thirty seconds, and twice
/// beyond that. A request starts the count anew.
struct PingAllowance {
    private var last: NIODeadline?
    private var strikes = 0

    mutating func reset() { self = PingAllowance() }

    /// Whether a ping at this time is within the allowance.
    mutating func allows(at now: NIODeadline) -> Bool {
        guard let last, now < last + .seconds(30) else {
            last = now
            return true
        }
        strikes += 1
        return strikes <= 2
    }
}
