import FoundationEssentials
import Glibc

/// The process metrics that the system provides.
enum ProcessFigures {
    static func families() -> [MetricFamily] {
        var families = [
            gauge("process.start_time", startedAt),
            gauge("process.unix.file_descriptor.limit", Double(fileLimit)),
        ]
        if let seconds = processorTime {
            families.append(
                MetricFamily("process.cpu.time", .counter, [MetricPoint(dimensions: [], value: .number(seconds))]))
        }
        if let bytes = residentMemory { families.append(gauge("process.memory.usage", bytes)) }
        if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            families.append(gauge("process.unix.file_descriptor.count", Double(files.count)))
        }
        return families
    }

    private static func gauge(_ label: String, _ value: Double) -> MetricFamily {
        MetricFamily(label, .gauge, [MetricPoint(dimensions: [], value: .number(value))])
    }

    /// Seconds since 1970, by the clock at the time of the first access.
    private static let startedAt: Double = {
        // The 22nd field is the start time in ticks since boot. The name in parentheses may contain spaces (proc(5)).
        let fields = text("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
        let uptime = text("/proc/uptime").split(separator: " ").first.flatMap { Double($0) } ?? 0
        let ticks = fields.count > 19 ? Double(fields[19]) ?? 0 : 0
        return Date().timeIntervalSince1970 - uptime + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }()

    private static var processorTime: Double? {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    private static var residentMemory: Double? {
        let fields = text("/proc/self/statm").split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static var fileLimit: UInt64 {
        var limit = rlimit()
        return unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? UInt64(limit.rlim_cur) : 0
    }

    private static func text(_ path: String) -> String {
        (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
