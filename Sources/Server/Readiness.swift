import Synchronization

/// Whether requests can be served. Until then, every request except `/health/live` gets 503 with
/// `Retry-After`.
package final class Readiness: Sendable {
    private let flag: Atomic<Bool>
    package init(_ isReady: Bool) { flag = Atomic(isReady) }

    var isReady: Bool { flag.load(ordering: .acquiring) }
    package func begin() { flag.store(true, ordering: .releasing) }
}

/// The storage is not yet available.
struct NotReady: Error {}
