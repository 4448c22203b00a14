package import Tracing

/// The name of the trace that the work at hand belongs to.
package enum TraceID {
    /// 32 hexadecimal digits; `nil` when nothing is traced. A request carries it, so that it is asked for once.
    package static var current: String? {
        ServiceContext.current.flatMap { of($0, by: InstrumentationSystem.instrument) }
    }

    /// The one of `context`, as `instrument` writes it.
    package static func of(_ context: ServiceContext, by instrument: any Instrument) -> String? {
        var parent = Traceparent()
        instrument.inject(context, into: &parent, using: TraceparentInjector())
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
