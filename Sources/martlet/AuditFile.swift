import Glibc
import Server
import SQLStorage
import Synchronization

/// Where audit records go as lines of JSON: a file that is only added to, or standard output (`-`).
final class AuditFile: Sendable {
    private let descriptor: Int32
    private let lock = Mutex(())

    /// Throws `Mistakes` when the file cannot be opened.
    init(_ path: String) throws(Mistakes) {
        guard path != "-" else {
            descriptor = STDOUT_FILENO
            return
        }
        descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Mistakes(["audit.file: \(path) cannot be opened for writing"]) }
    }

    deinit { if descriptor != STDOUT_FILENO { close(descriptor) } }

    /// Each line in one piece, however many write.
    func write(_ line: [UInt8]) {
        lock.withLock { _ in
            var rest = (line + [0x0A])[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
            }
        }
    }
}

/// The account of the system under which the program runs.
enum Account {
    static var name: String {
        guard let entry = unsafe getpwuid(getuid()) else { return String(getuid()) }
        return unsafe String(cString: entry.pointee.pw_name)
    }
}
