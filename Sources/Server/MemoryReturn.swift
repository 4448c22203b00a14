import CMalloc
import ServiceLifecycle

/// Returns memory to the system after a peak, which the C library's allocator doesn't do by itself.
package struct MemoryReturn: Service {
    package init() {}

    package func run() async {
        await cancelWhenGracefulShutdown {
            var peak = MemoryPeak()
            while (try? await Task.sleep(for: .seconds(10))) != nil { peak.returnFreed() }
        }
    }
}

/// The most memory in use since memory was last returned.
struct MemoryPeak {
    /// Bytes freed since the peak that are worth the work.
    private static let threshold = 16 << 20

    private var highest = 0

    /// Looks at the memory in use, and returns what was freed if that is much. The result says whether it did.
    @discardableResult
    mutating func returnFreed() -> Bool {
        let counts = mallinfo2()
        let used = counts.uordblks + counts.hblkhd
        highest = max(highest, used)
        guard highest - used >= Self.threshold else { return false }
        malloc_trim(0)
        highest = used
        return true
    }
}
