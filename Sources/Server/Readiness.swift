import Synchronization

/// Whether requests can be answered. Until then all but `/health/live` are told to come back.
package final class Readiness: Sendable {
    private let flag: Atomic<Bool>
    package init(_ isReady: Bool) { flag = Atomic(isReady) }

    var isReady: Bool { flag.load(ordering: .acquiring) }
    package func begin() { flag.store(true, ordering: .releasing) }
}

/// The program has not found its storage yet.
struct NotReady: Error {}
