import Tracing

/// The name of the trace that the work at hand belongs to.
package enum TraceID {
    /// 32 hexadecimal digits; `nil` when nothing is traced. A request carries it, so that it is asked for once.
    package static var current: String? {
        guard let context = ServiceContext.current else { return nil }
        var parent = Traceparent()
        InstrumentationSystem.instrument.inject(context, into: &parent, using: TraceparentInjector())
        // version-traceid-parentid-flags (W3C Trace Context §3.2).
        return parent.text.map { String(decoding: $0.utf8.dropFirst(3).prefix(32), as: UTF8.self) }
    }
}

private struct Traceparent {
    var text: String?
}

private struct TraceparentInjector: Injector {
    func inject(_ value: String, forKey key: String, into parent: inout Traceparent) {
        if key == "traceparent" { parent.text = value }
    }
}
