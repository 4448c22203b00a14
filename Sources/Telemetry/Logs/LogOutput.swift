import Glibc
import Synchronization

/// The destination of log lines.
package protocol LogOutput: Sendable {
    /// Writes a line, given without its terminator. Must not fail, because a failure could not be logged.
    func write(_ line: [UInt8])
}

/// Standard error. Each line is written in one piece, however many threads write.
package final class StandardError: LogOutput {
    private let lock = Mutex(())

    package init() {
        // A closed pipe must not end the server.
        signal(SIGPIPE, SIG_IGN)
    }

    package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    package func write(_ line: [UInt8]) {
        let bytes = line + [0x0A]
        lock.withLock { _ in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
                if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
            }
        }
    }
}
