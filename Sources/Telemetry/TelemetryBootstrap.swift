package import Logging
import Metrics
import Tracing

/// The settings for logs, traces and metrics.
package struct TelemetrySettings: Sendable {
    package var format: LogFormat
    package var level: Logger.Level
    /// The fraction of traces started here that is recorded, 0 to 1.
    package var samplingRatio: Double
    /// The collector to export to; `nil` for none.
    package var otlp: OTLPSettings?
    /// Whether to record metrics even if no collector wants them, for the metrics endpoint.
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

/// Logging, tracing and metrics for the whole process, set up once.
package struct TelemetryBootstrap: Sendable {
    private let export: OTLPExport?
    /// `nil` if metrics are not recorded.
    package let metrics: MetricsRegistry?

    /// Starts telemetry. `version` is the program's version. `isRefusal` identifies errors that do not count as
    /// failures of the spans they are thrown through.
    package static func start(
        _ settings: TelemetrySettings, version: String, environment: [String: String],
        isRefusal: @escaping @Sendable (any Error) -> Bool
    ) -> TelemetryBootstrap {
        let resource = TelemetryResource(version: version, environment: environment)
        let wantsMetrics = settings.keepsMetrics || settings.otlp?.signals.contains(.metrics) == true
        let registry = wantsMetrics ? MetricsRegistry() : nil
        // Done first, because each counter and timer is created only once.
        if let registry { MetricsSystem.bootstrap(registry) }
        let export = settings.otlp.map { OTLPExport($0, of: resource, version: version, registry: registry) }
        let output = StandardError()
        let makeHandler: @Sendable (String) -> StructuredLogHandler = { label in
            StructuredLogHandler(
                label: label, format: settings.format, level: settings.level,
                usesColour: StandardError.isTerminal, output: output, collector: export?.logs)
        }
        LoggingSystem.bootstrap { label in makeHandler(label) }
        // Without an exporter, spans are not recorded, but their IDs still correlate log lines.
        var exporters = [export?.spans].compactMap(\.self)
        if settings.level <= .debug {
            // Not sent to the collector, which already receives the spans.
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
            Logger.current.warning(
                "ignoring OTEL_RESOURCE_ATTRIBUTES: must be NAME=VALUE,NAME=VALUE with percent-encoded values")
        }
        return TelemetryBootstrap(export: export, metrics: registry)
    }

    /// Exports while `body` runs, and then flushes the rest for a few seconds at most.
    package func during(_ body: @Sendable () async throws -> Void) async throws {
        if let export { try await export.during(body) } else { try await body() }
    }
}
