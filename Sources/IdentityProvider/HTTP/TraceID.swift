import Tracing

/// The name of the trace that the work at hand belongs to.
package enum TraceID {
    /// 32 hexadecimal digits; `nil` when nothing is traced.
    package static var current: String? {
        var fields: [String: String] = [:]
        InstrumentationSystem.instrument.inject(
            ServiceContext.current ?? .topLevel, into: &fields, using: DictionaryInjector())
        // version-traceid-parentid-flags (W3C Trace Context §3.2).
        return fields["traceparent"]?.split(separator: "-").dropFirst().first.map(String.init)
    }
}

private struct DictionaryInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
}
