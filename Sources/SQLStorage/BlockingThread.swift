import Glibc
import IdentityProvider

/// Threads for blocking calls, which must not run on the cooperative pool.
package enum BlockingThread {
    /// Starts a thread that runs `work` and then ends. Throws if the system has no thread left. `ps -L` and debuggers
    /// show `name`, up to 15 bytes.
    package static func start(_ name: String, _ work: @escaping @Sendable () -> Void) throws(ThreadUnavailable) {
        let body = unsafe Unmanaged.passRetained(
            Body {
                setName(name)
                work()
            })
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                unsafe Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().work()
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            unsafe body.release()
            throw ThreadUnavailable(name: name, code: code)
        }
        pthread_detach(thread)
    }

    /// Starts a thread that the program can't run without. Ends the program if the system has no thread left.
    package static func startRequired(_ name: String, _ work: @escaping @Sendable () -> Void) {
        do { try start(name, work) } catch {
            fatalError("no thread for \(name): pthread_create failed with \(error.code)")
        }
    }

    private static func setName(_ name: String) {
        let file = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        let bytes = Array(name.utf8.prefix(15))
        _ = unsafe bytes.withUnsafeBytes { unsafe write(file, $0.baseAddress, $0.count) }
    }

    private final class Body: Sendable {
        let work: @Sendable () -> Void
        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }
}

/// The system refuses another thread: a limit on processes or memory was reached.
package struct ThreadUnavailable: StorageUnavailable {
    let name: String
    let code: Int32
}
