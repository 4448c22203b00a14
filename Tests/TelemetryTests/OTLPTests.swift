import Foundation
import Logging
import Telemetry
import TestSupport
import Testing
import Tracing

@Suite("OTLP/HTTP, decoded by another implementation")
struct OTLPTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    private func settings(_ collector: OTLPCollector) -> OTLPSettings {
        var settings = OTLPSettings(endpoint: collector.endpoint)
        settings.interval = .milliseconds(20)
        settings.pause = .milliseconds(50)
        settings.timeout = .milliseconds(500)
        return settings
    }

    private func exporting(
        _ settings: OTLPSettings, environment: [String: String] = [:], ratio: Double = 1,
        _ body: @Sendable (W3CTracer) async throws -> Void
    ) async throws {
        let resource = TelemetryResource(version: "1.2.3", environment: environment)
        let export = OTLPExport(settings, of: resource, version: "1.2.3")
        let tracer = W3CTracer(exporters: [try #require(export.spans)], ratio: ratio)
        try await export.during { try await body(tracer) }
    }

    private struct Secretive: Error { let password = "hunter2" }

    @Test("a span arrives with its identity, time, attributes, events, links and status")
    func span() async throws {
        let collector = try await OTLPCollector()
        let began = Date.now.timeIntervalSince1970 * 1e9
        try await exporting(settings(collector)) { tracer in
            var context = ServiceContext.topLevel
            context.traceContext = TraceContext(
                traceparent: "00-\(Self.trace)-\(Self.span)-01", tracestate: "rojo=1")
            let span = tracer.startSpan("GET /ünïcode", context: context, ofKind: .server)
            span.attributes["text"] = "grün"
            span.attributes["number"] = -7
            span.attributes["ratio"] = 0.5
            span.attributes["flag"] = true
            span.attributes["zero"] = 0
            span.attributes["list"] = ["a", "b"]
            span.attributes["long"] = String(repeating: "x", count: 10_000)
            span.addLink(SpanLink(context: tracer.startSpan("other", context: .topLevel).context, attributes: [:]))
            span.recordError(Secretive())
            span.end()
        }
        let span = try #require(try collector.records("traces").first)
        #expect(span["name"] == "GET /ünïcode" && span["kind"] == 2 && span["flags"] == 1)
        #expect(span["trace_id"]?.text == Self.trace && span["parent"]?.text == Self.span && span["state"] == "rojo=1")
        #expect(span["span_id"]?.text?.count == 16 && span["status"] == 2)
        let attributes = try #require(span["attributes"])
        #expect(attributes["text"] == "grün" && attributes["number"] == -7 && attributes["ratio"] == .number(0.5))
        #expect(attributes["flag"] == .flag(true) && attributes["zero"] == 0)
        #expect(attributes["list"] == .list(["a", "b"]) && attributes["long"]?.text?.count == 4_096)
        #expect(attributes["error.type"] == "Secretive")
        #expect(span["events"]?.list.first?["name"] == "exception")
        #expect(span["events"]?.list.first?["attributes"]?["exception.type"] == "Secretive")
        #expect(span["links"]?.list.count == 1)
        let (start, end) = (try #require(span["start"]?.number), try #require(span["end"]?.number))
        #expect(start >= began - 1e6 && end >= start && end <= Date.now.timeIntervalSince1970 * 1e9 + 1e6)
        #expect(!collector.text.contains("hunter2"))
    }

    @Test("the service is named by the environment, and the version and run identifier are included")
    func resource() async throws {
        let collector = try await OTLPCollector()
        var settings = settings(collector)
        settings.headers = [("X-Token", "let me in")]
        let environment = [
            "OTEL_SERVICE_NAME": "id", "OTEL_RESOURCE_ATTRIBUTES": "service.name=no, deployment.environment.name=a%20b",
        ]
        try await exporting(settings, environment: environment) { $0.startSpan("a", context: .topLevel).end() }
        let request = try #require(try collector.requests("traces").first)
        #expect(request.resource["service.name"] == "id" && request.resource["service.version"] == "1.2.3")
        #expect(request.resource["deployment.environment.name"] == "a b")
        #expect(request.resource["service.instance.id"]?.text?.count == 36)
        #expect(request.resource["host.name"]?.text?.isEmpty == false)
        #expect(request.resource["process.pid"]?.text == "\(ProcessInfo.processInfo.processIdentifier)")
        #expect(request.headers["x-token"] == "let me in")
        #expect(request.headers["content-type"] == "application/x-protobuf")
        #expect(TelemetryResource(version: "1", environment: ["OTEL_RESOURCE_ATTRIBUTES": "a"]).isIncomplete)
    }

    @Test("queries and values that look like tokens are never exported, whoever sets them")
    func secrets() async throws {
        let collector = try await OTLPCollector()
        try await exporting(settings(collector)) { tracer in
            let span = tracer.startSpan("GET", context: .topLevel)
            span.attributes["url.query"] = "code=hunter2"
            span.attributes["url.full"] = "https://example.com/?code=hunter2"
            span.attributes["note"] = "Bearer hunter2"
            span.addEvent(SpanEvent(name: "seen", attributes: ["jwt": "eyJh.eyJz.hunter2"]))
            span.end()
        }
        #expect(try collector.records("traces").count == 1)
        #expect(!collector.text.contains("hunter2") && collector.text.contains("[redacted]"))
    }

    @Test("a temporary failure is retried, and the batch arrives once", arguments: [429, 502, 503, 504])
    func retried(_ status: Int) async throws {
        let collector = try await OTLPCollector(["status:\(status)", "close", "hang", "accept"])
        try await exporting(settings(collector)) { tracer in
            tracer.startSpan("a", context: .topLevel).end()
            try await until("the span was taken") {
                try collector.requests("traces").contains { $0.behaviour == "accept" }
            }
        }
        let requests = try collector.requests("traces")
        #expect(requests.map(\.behaviour) == ["status", "close", "hang", "accept"])
        #expect(Set(requests.map { $0.records.first?["span_id"] }).count == 1)
    }

    @Test("the collector says when to retry, in seconds or as a date")
    func retryAfter() async throws {
        let collector = try await OTLPCollector(["status:503:2", "accept"])
        try await exporting(settings(collector)) { tracer in
            tracer.startSpan("a", context: .topLevel).end()
            try await until("the span was taken") { try collector.requests("traces").count == 2 }
        }
        let times = try collector.requests("traces").map(\.at)
        #expect(times[1] - times[0] >= 2)
        // Sun, 06 Nov 1994 08:49:37 GMT (RFC 9110 §5.6.7).
        #expect(RetryAfter.seconds("Sun, 06 Nov 1994 08:49:37 GMT", at: 784_111_770) == 7)
        #expect(RetryAfter.seconds("soon") == nil && RetryAfter.seconds("7", at: 0) == 7)
    }

    @Test(
        "a permanently rejected batch is not sent again",
        arguments: ["status:400", "status:401", "status:500", "partial:1"])
    func refused(_ behaviour: String) async throws {
        let collector = try await OTLPCollector([behaviour])
        try await exporting(settings(collector)) { tracer in
            tracer.startSpan("first", context: .topLevel).end()
            try await until("the first came") { try collector.requests("traces").count == 1 }
            tracer.startSpan("second", context: .topLevel).end()
            try await until("the second came") { try collector.requests("traces").count >= 2 }
        }
        #expect(try collector.records("traces").map { $0["name"] } == ["first", "second"])
    }

    @Test("without a collector, nothing waits, memory is bounded, and the shutdown is in time")
    func away() async throws {
        var settings = OTLPSettings(endpoint: "http://127.0.0.1:\(try freePort())")
        settings.interval = .milliseconds(20)
        settings.flushTime = .milliseconds(300)
        let clock = ContinuousClock()
        let began = clock.now
        try await exporting(settings) { tracer in
            for _ in 0..<100_000 {
                let span = tracer.startSpan("a", context: .topLevel)
                span.attributes["text"] = "a hundred bytes or so of text that would fill the memory if it were all kept"
                span.end()
            }
        }
        #expect(clock.now - began < .seconds(20))
    }

    @Test("what doesn't fit is counted while the collector is away, and every loss at the end")
    func counted() async throws {
        let collector = try await OTLPCollector(["hang"])
        var settings = settings(collector)
        (settings.queueLimit, settings.timeout, settings.flushTime) = (20_000, .seconds(60), .milliseconds(100))
        let registry = MetricsRegistry()
        @Sendable func lost() -> Int {
            let text = String(decoding: PrometheusText.write(registry.snapshot()), as: UTF8.self)
            let line = text.split(separator: "\n").first {
                $0.hasPrefix("martlet_telemetry_dropped_total{signal=\"traces\"}")
            }
            return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
        }
        let export = OTLPExport(
            settings, of: TelemetryResource(version: "1", environment: [:]), version: "1", registry: registry)
        let tracer = W3CTracer(exporters: [try #require(export.spans)])
        try await export.during {
            for _ in 0..<2_000 { tracer.startSpan("a", context: .topLevel).end() }
            try await until("what found no room was counted") { lost() > 1_000 }
            #expect(lost() < 2_000)
        }
        #expect(lost() == 2_000)
    }

    @Test("`Retry-After: 0` is retried with a pause, and not forever")
    func impatient() async throws {
        let collector = try await OTLPCollector(["status:503:0"])
        var settings = settings(collector)
        (settings.pause, settings.patience) = (.milliseconds(50), .milliseconds(500))
        try await exporting(settings) { tracer in
            tracer.startSpan("first", context: .topLevel).end()
            try await until("the first was tried") { try collector.requests("traces").count > 1 }
            tracer.startSpan("second", context: .topLevel).end()
            try await until("the first was given up") {
                try collector.records("traces").contains { $0["name"] == "second" }
            }
        }
        // 50, 100, 200 and 400 ms, give or take half.
        let tries = try collector.records("traces").count { $0["name"] == "first" }
        #expect((2...8).contains(tries))
    }

    @Test("a collector that recovers gets what was queued, and what follows")
    func back() async throws {
        let port = try freePort()
        var settings = OTLPSettings(endpoint: "http://127.0.0.1:\(port)")
        (settings.interval, settings.pause) = (.milliseconds(20), .milliseconds(20))
        try await exporting(settings) { tracer in
            tracer.startSpan("before", context: .topLevel).end()
            let collector = try await OTLPCollector(port: port)
            tracer.startSpan("after", context: .topLevel).end()
            try await until("both came") {
                Set(try collector.records("traces").compactMap { $0["name"]?.text }) == ["before", "after"]
            }
        }
    }

    @Test("under load only full batches are sent, and the rest waits until it is due")
    func batches() async throws {
        let collector = try await OTLPCollector()
        var settings = settings(collector)
        (settings.interval, settings.timeout) = (.seconds(3_600), .seconds(10))
        try await exporting(settings) { tracer in
            for count in 1...3 {
                for _ in 0..<200 {
                    let span = tracer.startSpan("a", context: .topLevel)
                    span.attributes["text"] = String(repeating: "x", count: 4_000)
                    span.end()
                }
                try await until("another one came") { try collector.requests("traces").count >= count }
            }
        }
        let requests = try collector.requests("traces")
        #expect(requests.map(\.records.count).reduce(0, +) == 600)
        #expect(requests.dropLast().allSatisfy { Int($0.headers["content-length"] ?? "") ?? 0 > 512 << 10 })
    }

    @Test("64 tasks end 100 spans each, and every one arrives once")
    func concurrency() async throws {
        let collector = try await OTLPCollector()
        var settings = settings(collector)
        settings.timeout = .seconds(10)
        try await exporting(settings) { tracer in
            await withTaskGroup { group in
                for task in 0..<64 {
                    group.addTask {
                        for span in 0..<100 { tracer.startSpan("\(task) \(span)", context: .topLevel).end() }
                    }
                }
            }
        }
        let names = try collector.records("traces").compactMap { $0["name"]?.text }
        #expect(names.count == 6_400 && Set(names).count == 6_400)
    }
}
