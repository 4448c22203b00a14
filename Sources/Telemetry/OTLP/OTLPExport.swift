import Metrics
import Tracing

/// Sends traces, metrics and logs to a collector over OTLP/HTTP, in binary encoding.
package final class OTLPExport: Sendable {
    private let settings: OTLPSettings
    private let collector: Collector
    let traces: OTLPPipeline?
    let logs: OTLPPipeline?
    private let metrics: MetricsReport?

    /// `registry` holds the metrics to report; without one, no metrics are exported.
    package init(
        _ settings: OTLPSettings, of resource: TelemetryResource, version: String, registry: MetricsRegistry? = nil
    ) {
        self.settings = settings
        let collector = Collector(settings)
        let envelope = OTLPEnvelope(resource, version: version)
        let factory: any MetricsFactory = registry ?? MetricsSystem.factory
        let pipeline = { signal in
            settings.signals.contains(signal)
                ? OTLPPipeline(signal, settings, collector, envelope, factory: factory) : nil
        }
        self.collector = collector
        traces = pipeline(.traces)
        logs = pipeline(.logs)
        metrics = registry.flatMap { registry in
            pipeline(.metrics).map { MetricsReport(registry: registry, pipeline: $0) }
        }
    }

    /// The exporter of finished spans; `nil` if traces are not exported.
    package var spans: (any SpanExporter)? { traces.map(OTLPSpans.init) }

    /// Exports while `body` runs, and then flushes the rest for at most `flushTime`.
    package func during<Result: Sendable>(
        _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        let pipelines = [traces, logs, metrics?.pipeline].compactMap(\.self)
        let sending = Task { await Self.run(pipelines) }
        let reporting = Task { [metrics, settings] in await metrics?.run(every: settings.metricsInterval) }
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        reporting.cancel()
        await reporting.value
        metrics?.make()
        for pipeline in pipelines { pipeline.close() }
        let limit = Task { [settings] in
            try await Task.sleep(for: settings.flushTime)
            sending.cancel()
        }
        await sending.value
        limit.cancel()
        await collector.close()
        return try result.get()
    }

    private static func run(_ pipelines: [OTLPPipeline]) async {
        await withDiscardingTaskGroup { group in
            for pipeline in pipelines { group.addTask { await pipeline.run() } }
        }
    }
}

/// Encodes spans while the request is served, so that no span has to be freed on another thread.
private struct OTLPSpans: SpanExporter {
    let pipeline: OTLPPipeline

    func export(_ span: FinishedSpan) {
        var writer = ProtobufWriter(capacity: 512)
        writer.span(2, span)
        pipeline.add(writer.bytes)
    }
}
