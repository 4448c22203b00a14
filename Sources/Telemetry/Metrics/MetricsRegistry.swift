package import Metrics
import FoundationEssentials
import Synchronization

/// All series in use. Looking one up takes a short lock; updating it takes nanoseconds.
package final class MetricsRegistry: MetricsFactory {
    private struct Key: Hashable {
        let label: String
        /// Alternating names and values.
        let dimensions: [String]
    }

    private struct State {
        var counters: [Key: CounterSeries] = [:]
        var gauges: [Key: GaugeSeries] = [:]
        var histograms: [Key: HistogramSeries] = [:]
        var counts: [String: Int] = [:]
    }

    /// The maximum number of series per metric. The rest are counted together (OpenTelemetry cardinality limits).
    private static let limit = 1_000
    private static let overflow = ["otel.metric.overflow", "true"]

    private let state = Mutex(State())
    /// Nanoseconds since 1970.
    let startedAt = UInt64(Date().timeIntervalSince1970 * 1_000_000_000)

    package init() {}

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, in: \.counters, CounterSeries.init)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, in: \.gauges, GaugeSeries.init)
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate
            ? series(label, dimensions, in: \.histograms, HistogramSeries.init)
            : series(label, dimensions, in: \.gauges, GaugeSeries.init)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, in: \.histograms, HistogramSeries.init)
    }

    // Series are kept, because what they counted remains valid.
    package func destroyCounter(_: any CounterHandler) {}
    package func destroyMeter(_: any MeterHandler) {}
    package func destroyRecorder(_: any RecorderHandler) {}
    package func destroyTimer(_: any TimerHandler) {}

    private func series<Series: Sendable>(
        _ label: String, _ dimensions: [(String, String)], in place: WritableKeyPath<State, [Key: Series]>,
        _ make: () -> Series
    ) -> Series {
        var key = Key(label: label, dimensions: dimensions.flatMap { [$0.0, $0.1] })
        return state.withLock { state in
            if let known = state[keyPath: place][key] { return known }
            if state.counts[label, default: 0] >= Self.limit {
                key = Key(label: label, dimensions: Self.overflow)
                if let known = state[keyPath: place][key] { return known }
            }
            let new = make()
            state[keyPath: place][key] = new
            state.counts[label, default: 0] += 1
            return new
        }
    }

    /// Returns the current value of every series, sorted by name and dimensions.
    package func snapshot() -> [MetricFamily] {
        var families: [String: MetricFamily] = [:]
        func add(_ key: Key, _ kind: MetricFamily.Kind, _ value: MetricPoint.Value) {
            let point = MetricPoint(dimensions: key.dimensions, value: value)
            families[key.label, default: MetricFamily(key.label, kind)].points.append(point)
        }
        let (counters, gauges, histograms) = state.withLock { ($0.counters, $0.gauges, $0.histograms) }
        for (key, series) in counters { add(key, .counter, .integer(series.value)) }
        for (key, series) in gauges { add(key, .gauge, .number(series.value)) }
        for (key, series) in histograms { add(key, .histogram, .histogram(series.value)) }
        for family in ProcessFigures.families() { families[family.label] = family }
        return families.values.map(\.sorted).sorted { $0.label < $1.label }
    }
}
