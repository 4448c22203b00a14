package import Tracing

/// The trace identifier (W3C Trace Context §3.2.2.3).
package enum TraceID {
    /// The identifier of the current trace, 32 hexadecimal digits; `nil` outside a trace. `Request` stores it, so that
    /// it is determined once per request.
    package static var current: String? {
        ServiceContext.current.flatMap { of($0, by: InstrumentationSystem.instrument) }
    }

    /// Returns the trace identifier that `instrument` injects for `context`.
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
