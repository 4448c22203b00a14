import FoundationEssentials
import Glibc

/// The attributes of the sender of all exported telemetry (OpenTelemetry resource semantic conventions).
package struct TelemetryResource: Sendable {
    /// The attributes, unique by name. Later ones replace earlier ones.
    package private(set) var attributes: [(name: String, value: String)] = []
    /// Whether `OTEL_RESOURCE_ATTRIBUTES` was malformed and therefore ignored.
    package let isIncomplete: Bool

    package init(version: String, environment: [String: String]) {
        let given = environment["OTEL_RESOURCE_ATTRIBUTES"].map(KeyValueList.parse) ?? []
        isIncomplete = given == nil
        set("service.name", "martlet")
        set("service.version", version)
        // Unique to this run, so that two nodes on one machine are not confused.
        set("service.instance.id", UUID().uuidString.lowercased())
        set("host.name", Self.host)
        set("process.pid", String(getpid()))
        set("process.executable.name", "martlet")
        set("process.runtime.name", "swift")
        set("telemetry.sdk.name", "martlet")
        set("telemetry.sdk.language", "swift")
        set("telemetry.sdk.version", version)
        for (name, value) in given ?? [] { set(name, value) }
        if let name = environment["OTEL_SERVICE_NAME"], !name.isEmpty { set("service.name", name) }
    }

    private mutating func set(_ name: String, _ value: String) {
        attributes.removeAll { $0.name == name }
        attributes.append((name, value))
    }

    private static var host: String {
        var name = [UInt8](repeating: 0, count: 256)
        let result = unsafe name.withUnsafeMutableBytes { buffer in
            unsafe buffer.bindMemory(to: CChar.self).baseAddress.map { unsafe gethostname($0, buffer.count) }
        }
        return result == 0 ? String(decoding: name.prefix { $0 != 0 }, as: UTF8.self) : "unknown"
    }
}
