import Synchronization
import Telemetry
import Testing
import Tracing

@Suite("W3C Trace Context Level 1")
struct TraceContextTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    @Test(
        "§3.2: valid traceparent values",
        arguments: [
            ("00-\(trace)-\(span)-01", true), ("00-\(trace)-\(span)-00", true), ("00-\(trace)-\(span)-ff", true),
            ("cc-\(trace)-\(span)-01-what-the-future-holds", true), ("cc-\(trace)-\(span)-01", true),
            ("00-\(trace)-\(span)-01-x", false), ("ff-\(trace)-\(span)-01", false), ("00-\(trace)-\(span)", false),
            ("00-\(trace.uppercased())-\(span)-01", false), ("00-00000000000000000000000000000000-\(span)-01", false),
            ("00-\(trace)-0000000000000000-01", false), ("00-\(trace)x-\(span)-01", false), ("", false),
            ("00-\(trace)-\(span)-0g", false), ("0-\(trace)-\(span)-01", false), ("00_\(trace)_\(span)_01", false),
        ])
    func traceparent(_ text: String, _ isGood: Bool) {
        let context = TraceContext(traceparent: text, tracestate: nil)
        #expect((context != nil) == isGood)
        if let context { #expect(context.traceID == Self.trace && context.spanID == Self.span) }
    }

    @Test(
        "§3.3: a tracestate is passed on unchanged, or not at all",
        arguments: [
            ("rojo=1", true), ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", true), ("a=1, b=2 ,\tc=3", true),
            ("fw529a3039@dt=FfMDmdFhbGw", true), ("a_-*/9=x y!~", true), ("a=1,,b=2", true), ("1a=2", true),
            ("\(String(repeating: "k", count: 256))=v", true),
            ("\((0..<32).map { "k\($0)=v" }.joined(separator: ","))", true),
            ("", false), (",", false), ("a", false), ("=1", false), ("A=1", false), ("a=", false), ("a= ", false),
            ("a=1=2", false), ("a b=1", false), ("a=ü", false), ("a=\u{7}", false), ("a=1,a=2", false),
            ("a@b@c=1", false),
            ("@a=1", false), ("a@=1", false), ("\(String(repeating: "k", count: 257))=v", false),
            ("\((0..<33).map { "k\($0)=v" }.joined(separator: ","))", false),
            ("a=\(String(repeating: "v", count: 600))", false),
        ])
    func tracestate(_ text: String, _ isGood: Bool) {
        let context = TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-01", tracestate: text)
        #expect(context?.state == (isGood ? text : nil))
    }

    private struct Carrier: Extractor, Injector {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }

    private final class Collector: SpanExporter {
        private let spans = Mutex<[FinishedSpan]>([])
        func export(_ span: FinishedSpan) { spans.withLock { $0.append(span) } }
        var all: [FinishedSpan] { spans.withLock { $0 } }
    }

    @Test("a span continues the trace that it was given and passes it on, with the tracestate of others")
    func propagation() {
        let collector = Collector()
        let tracer = W3CTracer(exporters: [collector])
        var context = ServiceContext.topLevel
        let incoming = ["traceparent": "00-\(Self.trace)-\(Self.span)-01", "tracestate": "rojo=1,congo=2"]
        tracer.extract(incoming, into: &context, using: Carrier())
        let parent = tracer.startSpan("parent", context: context)
        let child = tracer.startSpan("child", context: parent.context)
        var outgoing: [String: String] = [:]
        tracer.inject(child.context, into: &outgoing, using: Carrier())
        child.end()
        child.end()
        parent.end()
        #expect(outgoing["tracestate"] == "rojo=1,congo=2")
        #expect(outgoing["traceparent"]?.hasPrefix("00-\(Self.trace)-") == true)
        #expect(outgoing["traceparent"]?.hasSuffix("-01") == true)
        #expect(collector.all.map(\.name) == ["child", "parent"])
        #expect(collector.all[1].parent == Self.span)
        #expect(collector.all[0].parent == collector.all[1].trace.spanID)
        #expect(Set(collector.all.map(\.trace.traceID)) == [Self.trace])
    }

    @Test("an unsampled trace is not recorded, but still passed on")
    func sampling() {
        let collector = Collector()
        let tracer = W3CTracer(exporters: [collector], ratio: 0)
        let root = tracer.startSpan("root", context: .topLevel)
        root.attributes["a"] = "b"
        root.end()
        #expect(collector.all.isEmpty)
        #expect(root.context.traceContext?.traceparent.hasSuffix("-00") == true)
        var context = ServiceContext.topLevel
        context.traceContext = TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-01", tracestate: nil)
        tracer.startSpan("asked for", context: context).end()
        #expect(collector.all.map(\.name) == ["asked for"])
    }

    @Test("identifiers are not repeated, and of an error only the type is exported")
    func identities() {
        struct Secretive: Error { let password = "hunter2" }
        let collector = Collector()
        let tracer = W3CTracer(exporters: [collector])
        for _ in 0..<1_000 {
            let span = tracer.startSpan("root", context: .topLevel)
            span.recordError(Secretive())
            span.end()
        }
        #expect(Set(collector.all.map(\.trace.traceID)).count == 1_000)
        #expect(Set(collector.all.map(\.trace.spanID)).count == 1_000)
        #expect(!"\(collector.all[0].events)".contains("hunter2"))
    }
}
