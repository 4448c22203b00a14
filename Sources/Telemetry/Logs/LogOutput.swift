import Glibc
import Synchronization

/// Where log lines go.
package protocol LogOutput: Sendable {
    /// `line` without its end. Must not fail: there is nobody to tell.
    func write(_ line: [UInt8])
}

/// Standard error: each line in one piece, however many write.
package final class StandardError: LogOutput {
    private let lock = Mutex(())

    package init() {
        // A reader that went away must not end the server.
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
