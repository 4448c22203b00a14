import FoundationEssentials
import Logging
import Metrics
import ServiceLifecycle
import Synchronization

/// Sends the items of one outbox. Every node runs one, and exactly one of them makes each attempt. Failed
/// attempts are retried with exponential backoff, at most an hour apart, until the item expires.
/// Destinations don't wait for each other.
///
/// A conforming type adds only what is specific to its kind of item.
protocol Courier<Item>: Sendable {
    associatedtype Item: OutboxItem

    var source: any Outbox<Item> { get }
    /// The time between polls of the outbox.
    var interval: Duration { get }
    var now: @Sendable () -> Date { get }
    /// The gauge for the number of waiting items.
    var depth: Gauge { get }

    static var wording: CourierWording { get }
    /// Items sent concurrently to one destination.
    static var width: Int { get }
    /// Seconds after which a node that leased an item is considered dead. Longer than any attempt may last.
    static var lease: TimeInterval { get }
    /// Seconds between the first attempt and the second. Each further pause is twice as long.
    static var firstPause: TimeInterval { get }

    /// Runs once, before anything is sent.
    func prepare() async
    /// Returns the destinations to serve, at every poll. `nil` stands for the whole outbox, served as one destination.
    func destinations() async throws -> [String?]
    /// Returns once another party is responsible for the item, or nothing is left to send.
    /// Creates the span of the attempt.
    func send(_ item: Item) async throws
    /// Returns whether `error` rules out a retry. Items are never retried after they expire.
    func isFinal(_ error: any Error, of item: Item) -> Bool
    /// Notes a failed attempt, and whether it was the last.
    func failed(_ item: Item, _ error: any Error, isFinal: Bool)
}

/// The log messages for one kind of item.
struct CourierWording: Sendable {
    /// The log field that holds the item's identifier.
    let item: String
    let unreadable: Logger.Message
    let retrying: Logger.Message
    let givenUp: Logger.Message
}

extension Courier {
    func prepare() async {}
    func isFinal(_ error: any Error, of item: Item) -> Bool { false }
    func failed(_ item: Item, _ error: any Error, isFinal: Bool) {}

    /// Delivers until a graceful shutdown.
    func keepDelivering() async {
        await cancelWhenGracefulShutdown {
            await prepare()
            await withDiscardingTaskGroup { group in
                group.addTask { await measure() }
                let lanes = Lanes()
                while !Task.isCancelled {
                    for destination in await known() where lanes.open(destination) {
                        group.addTask {
                            await drain(destination)
                            lanes.close(destination)
                        }
                    }
                    try? await Task.sleep(for: interval)
                }
            }
        }
    }

    private func known() async -> [String?] {
        do { return try await destinations() } catch {
            report(error)
            return []
        }
    }

    private func drain(_ destination: String?) async {
        do { while !Task.isCancelled, try await deliverDue(to: destination) > 0 {} } catch { report(error) }
    }

    private func report(_ error: any Error) {
        guard !(error is CancellationError) else { return }
        Logger.current.error(Self.wording.unreadable, metadata: ["cause": "\(error)"])
    }

    private func measure() async {
        while !Task.isCancelled {
            // `drain` reports a storage that doesn't answer.
            if let count = try? await source.depth(at: now()) { depth.record(count) }
            try? await Task.sleep(for: .seconds(15))
        }
    }

    /// Makes one attempt at each of the first due items. Returns how many this node leased.
    func deliverDue(to destination: String?) async throws -> Int {
        let due = try await source.due(to: destination, at: now(), limit: Self.width)
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            for item in due { group.addTask { try await deliver(item) } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }

    /// Returns whether this node leased the item.
    private func deliver(_ waiting: Item) async throws -> Bool {
        let moment = now()
        guard let leased = try await source.lease(waiting, until: moment.addingTimeInterval(Self.lease), at: moment)
        else { return false }
        do {
            try await send(leased)
            try await source.remove(leased)
        } catch {
            try await postpone(leased, error)
        }
        return true
    }

    private func postpone(_ item: Item, _ error: any Error) async throws {
        let next = now().addingTimeInterval(Self.pause(after: item.attempts))
        let isFinal = isFinal(error, of: item) || next >= item.expiresAt
        // Nothing about the recipient, because more people can read logs than may know who was written to.
        Logger.current.log(
            level: isFinal ? .error : .warning, isFinal ? Self.wording.givenUp : Self.wording.retrying,
            metadata: [
                Self.wording.item: "\(item.id)", "attempt": "\(item.attempts)", "cause": "\(error)",
            ])
        failed(item, error, isFinal: isFinal)
        if isFinal { try await source.remove(item) } else { try await source.postpone(item, until: next) }
    }

    /// Returns the backoff after a number of attempts, in seconds.
    static func pause(after attempts: Int) -> TimeInterval {
        min(3_600, firstPause * Double(1 << min(max(attempts, 1) - 1, 12)))
    }
}

/// The destinations to which this node is sending.
private final class Lanes: Sendable {
    private let busy = Mutex<Set<String?>>([])

    /// Returns `false` if the lane is already open.
    func open(_ destination: String?) -> Bool { busy.withLock { $0.insert(destination).inserted } }
    func close(_ destination: String?) { busy.withLock { _ = $0.remove(destination) } }
}
