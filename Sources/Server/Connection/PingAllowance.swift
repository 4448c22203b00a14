import NIOCore

/// The pings that an HTTP/2 client may send without making a request: one every thirty seconds, plus two extra
/// (RFC 9113 §10.5). A request resets the count.
struct PingAllowance {
    private var last: NIODeadline?
    private var strikes = 0

    mutating func reset() { self = PingAllowance() }

    /// Records a ping and returns whether it is within the limit.
    mutating func allows(at now: NIODeadline) -> Bool {
        guard let last, now < last + .seconds(30) else {
            last = now
            return true
        }
        strikes += 1
        return strikes <= 2
    }
}
