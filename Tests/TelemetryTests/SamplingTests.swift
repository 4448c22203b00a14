import Synchronization
import Telemetry
import Testing
import Tracing

@Suite("Sampling: parent-based, by ratio, and always for failures")
struct SamplingTests {
    private final class Collector: SpanExporter {
        private let spans = Mutex<[FinishedSpan]>([])
        func export(_ span: FinishedSpan) { spans.withLock { $0.append(span) } }
        var all: [FinishedSpan] { spans.withLock { $0 } }
        var names: [String] { spans.withLock { $0.map(\.name) } }
    }

    private struct Failure: Error {}

    @Test("the configured fraction is recorded, the same on every node", arguments: [0, 0.1, 0.5, 1])
    func ratio(_ ratio: Double) {
        let nodes = [Collector(), Collector()]
        let tracers = nodes.map { W3CTracer(exporters: [$0], ratio: ratio) }
        for number in 0..<4_000 {
            let first = tracers[0].startSpan("\(number)", context: .topLevel)
            first.end()
            let trace = first.context.traceContext
            #expect(trace.map { tracers[1].isSampled($0.low) } == trace?.isSampled)
        }
        #expect(abs(Double(nodes[0].names.count) / 4_000 - ratio) < 0.05)
    }

    @Test("nothing of an unsampled trace is exported, unless something in it fails: then all of it is")
    func failures() {
        let collector = Collector()
        let tracer = W3CTracer(exporters: [collector], ratio: 0)
        for fails in [false, true] {
            let root = tracer.startSpan("root", context: .topLevel)
            let child = tracer.startSpan("child", context: root.context)
            let grandchild = tracer.startSpan("grandchild", context: child.context)
            if fails { grandchild.recordError(Failure()) }
            grandchild.end()
            child.end()
            #expect(collector.names.isEmpty)
            root.end()
            let late = tracer.startSpan("late", context: root.context)
            late.end()
            #expect(collector.names == (fails ? ["grandchild", "child", "root", "late"] : []))
            #expect(root.context.traceContext?.isSampled == false)
        }
    }

    @Test(
        "a denied request has not failed: its span has no status, and its trace is not exported for it",
        arguments: [0.0, 1])
    func refusals(_ ratio: Double) {
        struct Refusal: Error {}
        let collector = Collector()
        let tracer = W3CTracer(exporters: [collector], ratio: ratio, isRefusal: { $0 is Refusal })
        for error in [Refusal(), Failure()] as [any Error] {
            #expect(throws: (any Error).self) {
                try tracer.withSpan("\(type(of: error))", context: .topLevel) { _ in throw error }
            }
        }
        #expect(collector.names == (ratio == 0 ? ["Failure"] : ["Refusal", "Failure"]))
        #expect(collector.all.map { $0.status?.code == .error } == (ratio == 0 ? [true] : [false, true]))
        #expect(collector.all.first { $0.name == "Refusal" }?.attributes.isEmpty ?? true)
    }

    @Test("an unsampled trace from elsewhere is exported if it fails here")
    func parent() {
        let collector = Collector()
        let tracer = W3CTracer(exporters: [collector])
        for (flags, fails) in [("00", false), ("00", true), ("01", false)] {
            var context = ServiceContext.topLevel
            context.traceContext = TraceContext(
                traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-\(flags)", tracestate: nil)
            let span = tracer.startSpan("\(flags) \(fails)", context: context)
            if fails { span.setStatus(SpanStatus(code: .error)) }
            span.end()
        }
        #expect(collector.names == ["00 true", "01 false"])
    }

    @Test("the spans held for one trace are bounded, and its first span is always exported")
    func bounded() {
        let collector = Collector()
        let tracer = W3CTracer(exporters: [collector], ratio: 0)
        let root = tracer.startSpan("root", context: .topLevel)
        for _ in 0..<10_000 { tracer.startSpan("child", context: root.context).end() }
        root.recordError(Failure())
        root.end()
        #expect(collector.names.count == 256 && collector.names.last == "root")
    }

    @Test("a failed span is exported even if more spans ended than are held")
    func failureAmongMany() {
        let collector = Collector()
        let tracer = W3CTracer(exporters: [collector], ratio: 0)
        let root = tracer.startSpan("root", context: .topLevel)
        for _ in 0..<1_000 { tracer.startSpan("child", context: root.context).end() }
        let failing = tracer.startSpan("failing", context: root.context)
        failing.recordError(Failure())
        failing.end()
        root.end()
        #expect(collector.names.count == 256 && collector.names.suffix(2) == ["failing", "root"])
    }
}
