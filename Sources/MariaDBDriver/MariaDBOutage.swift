import Foundation
import Logging
import SQLStorage

/// Whether any server can be reached, and which one to try first.
final class MariaDBOutage: @unchecked Sendable {
    // Guarded by `condition`, which the compiler cannot verify.
    private let condition = NSCondition()
    private var cause: StorageError?
    private var since: ContinuousClock.Instant?
    private var preferred = 0
    private var connections = 0
    private var isClosed = false
    private var isReplicated = false

    private func locked<Result>(_ work: () -> Result) -> Result {
        condition.lock()
        defer { condition.unlock() }
        return work()
    }

    /// The reason why requests fail, or `nil` while any connection works: some may be refused while others serve.
    var error: StorageError? { locked { connections == 0 ? cause : nil } }
    var mayLag: Bool { locked { isReplicated } }

    /// Returns the error for a new request if the outage has lasted longer than `patience`.
    func refusal(after patience: Duration) -> StorageError? {
        locked { connections == 0 && since.map { ContinuousClock.now - $0 > patience } == true ? cause : nil }
    }

    /// The index of the server to try first: the one that last accepted a connection.
    var first: Int { locked { preferred } }

    func succeeded(at server: Int, name: String, isReplicated: Bool) {
        let wasDown = locked {
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
    func lost() { locked { connections -= 1 } }

    func failed(_ error: StorageError) {
        let isNews = locked {
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
        condition.lock()
        defer { condition.unlock() }
        let end = Date(timeIntervalSinceNow: TimeInterval(milliseconds) / 1_000)
        while !isClosed, condition.wait(until: end) {}
        return !isClosed
    }

    func close() {
        locked { isClosed = true }
        condition.broadcast()
    }

    var isClosing: Bool { locked { isClosed } }
}
