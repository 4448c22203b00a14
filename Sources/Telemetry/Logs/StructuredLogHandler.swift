package import FoundationEssentials
package import Logging
import Tracing

/// Writes log lines with the trace and span that they belong to.
package struct StructuredLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level
    private let label: String
    private let format: LogFormat
    private let usesColour: Bool
    private let output: any LogOutput
    private let collector: OTLPPipeline?
    private let now: @Sendable () -> Date

    package init(
        label: String, format: LogFormat, level: Logger.Level, usesColour: Bool = false, output: any LogOutput,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.init(
            label: label, format: format, level: level, usesColour: usesColour, output: output, collector: nil,
            now: now)
    }

    init(
        label: String, format: LogFormat, level: Logger.Level, usesColour: Bool, output: any LogOutput,
        collector: OTLPPipeline?, now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.label = label
        self.format = format
        self.usesColour = usesColour
        self.output = output
        self.collector = collector
        self.now = now
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        // Metadata of the call overrides that of the logger, which overrides that of its provider.
        var values = metadataProvider?.get() ?? [:]
        values.merge(metadata) { _, new in new }
        values.merge(event.metadata ?? [:]) { _, new in new }
        if let error = event.error { values["error"] = "\(error)" }
        let line = LogLine(
            time: now(), level: event.level, label: label, message: Redaction.mask(event.message.description),
            trace: ServiceContext.current?.traceContext,
            values: values.map { ($0, Redaction.value($1, of: $0)) }.sorted { $0.0 < $1.0 })
        output.write(format == .json ? line.json : line.text(usesColour: usesColour))
        guard let collector else { return }
        var writer = ProtobufWriter(capacity: 512)
        writer.log(2, line)
        collector.add(writer.bytes)
    }
}
