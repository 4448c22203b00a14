import Glibc
import Server
import SQLStorage
import Synchronization

/// The destination of audit records as JSON Lines: an append-only file, or standard output (`-`).
final class AuditFile: Sendable {
    private let descriptor: Int32
    private let lock = Mutex(())

    /// Opens the file for appending. Throws `Mistakes` if that fails.
    init(_ path: String) throws(Mistakes) {
        guard path != "-" else {
            descriptor = STDOUT_FILENO
            return
        }
        descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Mistakes(["audit.file: cannot open \(path) for writing; check that this user may write to it"])
        }
    }

    deinit { if descriptor != STDOUT_FILENO { close(descriptor) } }

    /// Appends one line. Lines of concurrent callers never interleave.
    func write(_ line: [UInt8]) {
        lock.withLock { _ in _ = Descriptor.write(line + [0x0A], to: descriptor) }
    }
}

/// The operating system account that runs the program.
enum Account {
    static var name: String {
        guard let entry = unsafe getpwuid(getuid()) else { return String(getuid()) }
        return unsafe String(cString: entry.pointee.pw_name)
    }
}
