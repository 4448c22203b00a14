/// A queue of work for threads that wait for it. Closing it lets accepted work finish.
package final class WorkQueue<Work>: @unchecked Sendable {
    // Guarded by `condition`, which the compiler cannot verify.
    private let condition = Condition()
    private var waiting: [Work] = []
    private var isClosed = false

    package init() {}

    /// Returns `false` if the queue is closed.
    package func put(_ work: sending Work) -> Bool {
        condition.withLock {
            guard !isClosed else { return false }
            waiting.append(work)
            condition.signal()
            return true
        }
    }

    /// Puts work back at the front of the queue. Returns `false` if the queue is closed.
    package func putBack(_ work: sending Work) -> Bool {
        condition.withLock {
            guard !isClosed else { return false }
            waiting.insert(work, at: 0)
            condition.signal()
            return true
        }
    }

    /// Waits for work and takes at most `limit` items. Returns an empty array once the queue is closed and empty.
    package func take(_ limit: Int) -> [Work] {
        condition.withLock {
            while waiting.isEmpty, !isClosed { condition.wait() }
            let taken = Array(waiting.prefix(limit))
            waiting.removeFirst(taken.count)
            return taken
        }
    }

    package func close() {
        condition.withLock {
            isClosed = true
            condition.broadcast()
        }
    }
}
