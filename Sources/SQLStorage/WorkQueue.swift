import Foundation

/// Work for threads that wait for it. Closing lets what was accepted finish.
package final class WorkQueue<Work>: @unchecked Sendable {
    // Guarded by `condition`: the compiler cannot see that.
    private let condition = NSCondition()
    private var waiting: [Work] = []
    private var isClosed = false

    package init() {}

    /// Returns `false` when the queue is closed.
    package func put(_ work: sending Work) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard !isClosed else { return false }
        waiting.append(work)
        condition.signal()
        return true
    }

    /// Puts work that was taken before all other. Returns `false` when the queue is closed.
    package func putBack(_ work: sending Work) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard !isClosed else { return false }
        waiting.insert(work, at: 0)
        condition.signal()
        return true
    }

    /// Waits for work and takes at most `limit` pieces; none when the queue is closed and empty.
    package func take(_ limit: Int) -> [Work] {
        condition.lock()
        defer { condition.unlock() }
        while waiting.isEmpty, !isClosed { condition.wait() }
        let taken = Array(waiting.prefix(limit))
        waiting.removeFirst(taken.count)
        return taken
    }

    package func close() {
        condition.lock()
        defer { condition.unlock() }
        isClosed = true
        condition.broadcast()
    }
}
