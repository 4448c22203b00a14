import NIOCore
import Synchronization

/// One open connection in the `ConnectionTable`, with the start of its idle time and its cost.
final class TrackedConnection: Sendable {
    private let channel: any Channel
    /// Allows for a page on each of a hundred streams (RFC 9113 §10.5).
    private let cost = ByteCount(limit: 8 << 20)
    /// The counts shared with other connections of the same address and network; empty if they are not counted.
    private let sharedCosts: [ByteCount]
    /// The start of the idle time in nanoseconds of the monotonic clock, or `busy` or `yielding`.
    private let state: Atomic<UInt64>
    private static let (busy, yielding) = (UInt64.min, UInt64.max)

    init(_ channel: any Channel, sharedCosts: [ByteCount]) {
        self.channel = channel
        self.sharedCosts = sharedCosts
        state = Atomic(NIODeadline.now().uptimeNanoseconds)
    }

    /// The start of the idle time; `nil` while a request is in flight or a response waits to be sent.
    var idleSince: UInt64? {
        let state = state.load(ordering: .relaxed)
        return state != Self.busy && state != Self.yielding && cost.bytes == 0 ? state : nil
    }

    /// Called when a request arrives. Returns `false` if the connection must close because its place has been taken.
    func markBusy() -> Bool { change(to: Self.busy) }

    func markIdle() { _ = change(to: NIODeadline.now().uptimeNanoseconds) }

    private func change(to new: UInt64) -> Bool {
        var old = state.load(ordering: .relaxed)
        while old != Self.yielding {
            let (isChanged, current) = state.compareExchange(expected: old, desired: new, ordering: .relaxed)
            if isChanged { return true }
            old = current
        }
        return false
    }

    /// Takes the connection's place, unless a request has arrived since `start`. The connection then accepts no more
    /// requests.
    func claim(idleSince start: UInt64) -> Bool {
        state.compareExchange(expected: start, desired: Self.yielding, ordering: .relaxed).exchanged
    }

    /// Closes the connection after its place has been taken.
    func yield() { channel.pipeline.fireUserInboundEventTriggered(ConnectionShouldYield()) }

    /// Counts bytes of streams and waiting responses. Returns `false`, and counts nothing, if a limit is exceeded.
    func hold(_ bytes: Int) -> Bool {
        var isWithin = cost.add(bytes)
        for shared in sharedCosts where !shared.add(bytes) { isWithin = false }
        guard bytes <= 0 || isWithin else {
            release(bytes)
            return false
        }
        return true
    }

    func release(_ bytes: Int) {
        _ = cost.add(-bytes)
        for shared in sharedCosts { _ = shared.add(-bytes) }
    }
}

/// The event that tells an idle connection to make room.
struct ConnectionShouldYield: Sendable {}

/// A number of bytes with a limit, shared between event loops.
final class ByteCount: Sendable {
    private let limit: Int
    private let count = Atomic(0)

    init(limit: Int) { self.limit = limit }

    var bytes: Int { count.load(ordering: .relaxed) }

    /// Adds bytes and returns whether the new count is within the limit.
    func add(_ bytes: Int) -> Bool { count.wrappingAdd(bytes, ordering: .relaxed).newValue <= limit }
}
