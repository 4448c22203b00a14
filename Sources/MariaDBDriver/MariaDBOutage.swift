import Logging
import SQLStorage

/// Whether any server can be reached, and which one to try first.
final class MariaDBOutage: @unchecked Sendable {
    // Guarded by `condition`, which the compiler cannot verify.
    private let condition = Condition()
    private var cause: StorageError?
    private var since: ContinuousClock.Instant?
    private var preferred = 0
    private var connections = 0
    private var isClosed = false
    private var isReplicated = false

    /// The reason why requests fail, or `nil` while any connection works: some may be refused while others serve.
    var error: StorageError? { condition.withLock { connections == 0 ? cause : nil } }
    var mayLag: Bool { condition.withLock { isReplicated } }

    /// Returns the error for a new request if the outage has lasted longer than `patience`.
    func refusal(after patience: Duration) -> StorageError? {
        condition.withLock {
            connections == 0 && since.map { ContinuousClock.now - $0 > patience } == true ? cause : nil
        }
    }

    /// The index of the server to try first: the one that last accepted a connection.
    var first: Int { condition.withLock { preferred } }

    func succeeded(at server: Int, name: String, isReplicated: Bool) {
        let wasDown = condition.withLock {
            defer {
                cause = nil
                since = nil
                connections += 1
                preferred = server
                self.isReplicated = isReplicated
            }
            return cause != nil
        }
        if wasDown { Logger(label: "storage").notice("storage is available again", metadata: ["server": "\(name)"]) }
    }

    /// Records that an established connection was given up.
    func lost() { condition.withLock { connections -= 1 } }

    func failed(_ error: StorageError) {
        let isNews = condition.withLock {
            defer {
                cause = error
                since = since ?? .now
            }
            return cause != error
        }
        if isNews {
            Logger(label: "storage").error(
                "storage cannot be reached, retrying", metadata: ["cause": "\(error)"])
        }
    }

    /// Waits before another attempt. Returns `false` if the pool is closing.
    func wait(milliseconds: Int) -> Bool {
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        return condition.withLock {
            while !isClosed, condition.wait(until: end) {}
            return !isClosed
        }
    }

    func close() {
        condition.withLock { isClosed = true }
        condition.broadcast()
    }

    var isClosing: Bool { condition.withLock { isClosed } }
}
