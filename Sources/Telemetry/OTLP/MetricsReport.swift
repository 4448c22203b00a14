import FoundationEssentials

/// Reports all metrics to the collector periodically.
struct MetricsReport: Sendable {
    let registry: MetricsRegistry
    let pipeline: OTLPPipeline

    func run(every interval: Duration) async {
        while true {
            do { try await Task.sleep(for: interval) } catch { return }
            make()
        }
    }

    func make() {
        let now = UInt64(Date().timeIntervalSince1970 * 1_000_000_000)
        for family in registry.snapshot() {
            var writer = ProtobufWriter(capacity: 4_096)
            writer.metric(2, family, from: registry.startedAt, at: now)
            pipeline.add(writer.bytes)
        }
    }
}
