/// The settings for export over OTLP.
package struct OTLPSettings: Sendable {
    /// The collector's URL, such as `http://localhost:4318`, without a trailing slash.
    package var endpoint: String
    /// Header fields of every request, which typically authenticate the sender. Secret.
    package var headers: [(name: String, value: String)]
    package var signals: Set<OTLPSignal>
    /// The time between flushes of waiting records.
    package var interval = Duration.seconds(1)
    /// The time between reports of all metrics (OpenTelemetry periodic exporting reader).
    package var metricsInterval = Duration.seconds(60)
    /// The timeout of one request to the collector.
    package var timeout = Duration.seconds(10)
    /// The delay after the first temporary failure, doubled after each subsequent one.
    package var pause = Duration.seconds(1)
    /// The retry budget of one batch, after which it is dropped.
    package var patience = Duration.seconds(60)
    /// The maximum number of waiting bytes per signal: some 30,000 spans.
    package var queueLimit = 8 << 20
    /// The time to flush the rest when the program ends.
    package var flushTime = Duration.seconds(5)

    package init(
        endpoint: String, headers: [(name: String, value: String)] = [],
        signals: Set<OTLPSignal> = Set(OTLPSignal.allCases)
    ) {
        self.endpoint = endpoint
        self.headers = headers
        self.signals = signals
    }
}
