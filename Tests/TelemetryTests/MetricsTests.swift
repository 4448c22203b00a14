import Foundation
import Metrics
import Telemetry
import TestSupport
import Testing

@Suite("Metrics")
struct MetricsTests {
    private func text(_ registry: MetricsRegistry) -> String {
        String(decoding: PrometheusText.write(registry.snapshot()), as: UTF8.self)
    }

    @Test("64 tasks count 1,000 times each, and nothing is lost")
    func concurrency() async {
        let registry = MetricsRegistry()
        await withTaskGroup { group in
            for task in 0..<64 {
                group.addTask {
                    let counter = Counter(label: "count", dimensions: [("to", "all")], factory: registry)
                    let gauge = Meter(label: "level", dimensions: [], factory: registry)
                    let timer = Metrics.Timer(label: "time", dimensions: [], factory: registry)
                    for _ in 0..<1_000 {
                        counter.increment()
                        gauge.increment(by: 2)
                        gauge.decrement()
                        timer.recordMilliseconds(task)
                    }
                }
            }
        }
        let text = text(registry)
        #expect(text.contains(#"count_total{to="all"} 64000"#))
        #expect(text.contains("level 64000\n"))
        #expect(text.contains("time_count 64000\n") && text.contains(#"time_bucket{le="0.01"} 11000"#))
    }

    @Test("values are counted in their buckets; a bound belongs to its bucket")
    func histogram() {
        let registry = MetricsRegistry()
        let timer = Metrics.Timer(label: "http.server.request.duration", dimensions: [], factory: registry)
        for microseconds in [0, 500, 501, 1_000_000, 10_000_000, 10_000_001] { timer.recordMicroseconds(microseconds) }
        let text = text(registry)
        let name = "http_server_request_duration_seconds"
        #expect(text.contains("# TYPE \(name) histogram"))
        for line in [
            #"_bucket{le="0.0005"} 2"#, #"_bucket{le="0.001"} 3"#, #"_bucket{le="1"} 4"#, #"_bucket{le="10"} 5"#,
            #"_bucket{le="+Inf"} 6"#, "_count 6",
        ] { #expect(text.contains(name + line), "\(line)") }
    }

    @Test("series beyond the limit are counted together")
    func cardinality() {
        let registry = MetricsRegistry()
        for number in 0..<5_000 {
            Counter(label: "count", dimensions: [("name", "\(number)")], factory: registry).increment()
        }
        let lines = text(registry).split(separator: "\n").filter { $0.hasPrefix("count_total{") }
        #expect(lines.count == 1_001)
        #expect(lines.contains(#"count_total{otel_metric_overflow="true"} 4000"#))
    }

    @Test("a label can't end its line or another label", arguments: ["a\"} 1\nforged 1", "\\", "\\\"", "\n"])
    func escaping(_ value: String) throws {
        let registry = MetricsRegistry()
        Counter(label: "count", dimensions: [("name", value)], factory: registry).increment()
        let lines = text(registry).split(separator: "\n").filter { $0.hasPrefix("count_total") }
        let line = try #require(lines.first)
        #expect(lines.count == 1 && line.hasSuffix("\"} 1"))
        let quoted = line.dropFirst(#"count_total{name=""#.count).dropLast(#""} 1"#.count)
        let plain = String(quoted).replacing("\\\\", with: "\u{0}").replacing("\\n", with: "\n")
            .replacing("\\\"", with: "\"").replacing("\u{0}", with: "\\")
        #expect(plain == value)
    }
}
