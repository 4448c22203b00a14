/// A kind of telemetry, exported independently of the others.
package enum OTLPSignal: String, Sendable, CaseIterable {
    case traces, metrics, logs

    /// The path below the collector's URL (OTLP §OTLP/HTTP Request).
    var path: String { "/v1/\(rawValue)" }
}
