/// What is sent to a collector, each kind on its own way.
package enum OTLPSignal: String, Sendable, CaseIterable {
    case traces, metrics, logs

    /// Below the collector's address (OTLP §OTLP/HTTP Request).
    var path: String { "/v1/\(rawValue)" }
}
