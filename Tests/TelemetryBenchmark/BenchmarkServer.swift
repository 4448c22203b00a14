import Foundation
import IdentityProvider
import Logging
import Server
import ServiceLifecycle
import Telemetry
import TestSupport

/// The server in one of the compared configurations.
enum BenchmarkServer: String, CaseIterable {
    /// Tracing and metrics are not set up; only the libraries' no-op calls remain.
    case baseline
    /// Without a collector, as most installations run.
    case off
    /// Every trace goes to a collector.
    case traces
    /// Also metrics, and a log line for each request.
    case everything

    /// The required fraction of the baseline's tokens per second, if there is a goal.
    var bound: Double? {
        switch self {
        case .off: 0.98
        case .traces: 0.9
        case .baseline, .everything: nil
        }
    }

    /// Serves until standard input is closed, so that it ends with the program that started it.
    func run(port: Int, collector: String) async throws {
        let settings = TelemetrySettings(format: .json, level: .info, otlp: otlp(collector))
        if self == .baseline {
            let output = StandardError()
            LoggingSystem.bootstrap { label in
                StructuredLogHandler(label: label, format: settings.format, level: settings.level, output: output)
            }
            return try await serve(port)
        }
        let telemetry = TelemetryBootstrap.start(
            settings, version: "benchmark", environment: [:],
            isRefusal: { _ in false })
        try await telemetry.during { try await serve(port) }
    }

    private func otlp(_ collector: String) -> OTLPSettings? {
        switch self {
        case .baseline, .off: nil
        case .traces: OTLPSettings(endpoint: collector, signals: [.traces])
        case .everything: OTLPSettings(endpoint: collector)
        }
    }

    private func serve(_ port: Int) async throws {
        // What the audit log stores for each trace is not part of the comparison.
        var auditing = AuditSettings()
        auditing.excluded = ["tokens_issued"]
        let issuer = try await TestIssuer(auditing: auditing)
        let server = HTTPServer(
            settings: ServerSettings(
                address: .host("127.0.0.1", port: port), proxies: try TrustedProxies(["127.0.0.1/32"])),
            providers: [MountedProvider(issuer: issuer.issuer, endpoints: issuer.provider.endpoints)],
            pages: try PageRenderer(name: "Benchmark"))
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: issuer.provider.services + [server], logger: Logger(label: "lifecycle")))
        let watch = Task.detached {
            while let bytes = try? FileHandle.standardInput.read(upToCount: 1), !bytes.isEmpty {}
            await group.triggerGracefulShutdown()
        }
        try await group.run()
        watch.cancel()
    }
}
