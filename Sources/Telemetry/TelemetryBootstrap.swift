package import Logging
import Tracing

/// How the program tells what it does.
package struct TelemetrySettings: Sendable {
    package var format: LogFormat
    package var level: Logger.Level
    /// The part of traces begun here that is recorded, 0 to 1.
    package var samplingRatio: Double

    package init(format: LogFormat, level: Logger.Level, samplingRatio: Double = 1) {
        self.format = format
        self.level = level
        self.samplingRatio = samplingRatio
    }
}

/// Sets logging and tracing up for the whole program, once.
package enum TelemetryBootstrap {
    package static func start(_ settings: TelemetrySettings) {
        let output = StandardError()
        let makeHandler: @Sendable (String) -> StructuredLogHandler = { label in
            StructuredLogHandler(
                label: label, format: settings.format, level: settings.level,
                usesColour: StandardError.isTerminal, output: output)
        }
        LoggingSystem.bootstrap { label in makeHandler(label) }
        let logger = Logger(label: "trace") { label in makeHandler(label) }
        // Without anybody to read them spans are not recorded; their identity still ties log lines together.
        let exporters: [any SpanExporter] = settings.level <= .debug ? [SpanLog(logger: logger)] : []
        InstrumentationSystem.bootstrap(W3CTracer(exporters: exporters, ratio: settings.samplingRatio))
    }
}
