package import Logging
import Metrics
import Tracing

/// How the program tells what it does.
package struct TelemetrySettings: Sendable {
    package var format: LogFormat
    package var level: Logger.Level
    /// The part of traces begun here that is recorded, 0 to 1.
    package var samplingRatio: Double
    /// Where to send it all; `nil` for nowhere.
    package var otlp: OTLPSettings?
    /// Whether metrics are kept although no collector wants them: for a page of them.
    package var keepsMetrics = false

    package init(
        format: LogFormat, level: Logger.Level, samplingRatio: Double = 1, otlp: OTLPSettings? = nil
    ) {
        self.format = format
        self.level = level
        self.samplingRatio = samplingRatio
        self.otlp = otlp
    }
}

/// Logging, tracing and metrics of the whole program, set up once.
package struct TelemetryBootstrap: Sendable {
    private let export: OTLPExport?
    /// `nil` where nothing is counted.
    package let metrics: MetricsRegistry?

    /// `version` is the program's own; `isRefusal` knows the errors that spans are thrown through although nothing failed.
    package static func start(
        _ settings: TelemetrySettings, version: String, environment: [String: String],
        isRefusal: @escaping @Sendable (any Error) -> Bool
    ) -> TelemetryBootstrap {
        let resource = TelemetryResource(version: version, environment: environment)
        let wantsMetrics = settings.keepsMetrics || settings.otlp?.signals.contains(.metrics) == true
        let registry = wantsMetrics ? MetricsRegistry() : nil
        // First of all: what counts is made once.
        if let registry { MetricsSystem.bootstrap(registry) }
        let export = settings.otlp.map { OTLPExport($0, of: resource, version: version, registry: registry) }
        let output = StandardError()
        let makeHandler: @Sendable (String) -> StructuredLogHandler = { label in
            StructuredLogHandler(
                label: label, format: settings.format, level: settings.level,
                usesColour: StandardError.isTerminal, output: output, collector: export?.logs)
        }
        LoggingSystem.bootstrap { label in makeHandler(label) }
        // Without anybody to read them spans are not recorded; their identity still ties log lines together.
        var exporters = [export?.spans].compactMap(\.self)
        if settings.level <= .debug {
            // Spans have a way of their own to the collector.
            let logger = Logger(label: "trace") { label in
                StructuredLogHandler(
                    label: label, format: settings.format, level: settings.level,
                    usesColour: StandardError.isTerminal, output: output, collector: nil)
            }
            exporters.append(SpanLog(logger: logger))
        }
        InstrumentationSystem.bootstrap(
            W3CTracer(exporters: exporters, ratio: settings.samplingRatio, isRefusal: isRefusal))
        if resource.isIncomplete {
            Logger.current.warning("OTEL_RESOURCE_ATTRIBUTES cannot be read and was left out")
        }
        return TelemetryBootstrap(export: export, metrics: registry)
    }

    /// Exports while `body` runs, and what is left at its end for a few seconds at most.
    package func during(_ body: @Sendable () async throws -> Void) async throws {
        if let export { try await export.during(body) } else { try await body() }
    }
}
