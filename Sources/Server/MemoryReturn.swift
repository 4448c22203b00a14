import CMalloc
import FoundationEssentials
import Glibc
import ServiceLifecycle

/// Returns memory to the system after a peak, which the allocator of the C library does not do by itself.
package struct MemoryReturn: Service {
    package init() {}

    package func run() async {
        await cancelWhenGracefulShutdown {
            var memory = FreedMemory()
            while (try? await Task.sleep(for: .seconds(10))) != nil { memory.returnToSystem() }
        }
    }
}

/// Memory that the program has freed but that still counts as resident.
struct FreedMemory {
    /// The minimum worth returning, in bytes. Less than that serves the next requests: a password hash needs 19 MiB.
    private static let threshold = 32 << 20

    /// Bytes that could not be returned, such as stacks and data that the allocator does not count.
    private var rest = 0

    /// Returns freed memory to the system if it exceeds the threshold. Returns whether it did.
    @discardableResult
    mutating func returnToSystem() -> Bool {
        guard let freed = Self.bytes else { return false }
        rest = min(rest, freed)
        guard freed - rest >= Self.threshold else { return false }
        malloc_trim(0)
        rest = Self.bytes ?? freed
        return true
    }

    /// Resident memory minus memory in use, in bytes; `nil` if the system does not report it.
    private static var bytes: Int? {
        // In pages: size, resident, shared with files (proc_pid_statm(5)).
        let pages = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ").map {
            Int($0)
        }
        guard let pages, pages.count > 2, let resident = pages[1], let shared = pages[2] else { return nil }
        let counts = mallinfo2()
        return (resident - shared) * sysconf(Int32(_SC_PAGESIZE)) - Int(counts.uordblks + counts.hblkhd)
    }
}
