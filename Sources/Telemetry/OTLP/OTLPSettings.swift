/// Where to send telemetry, and how.
package struct OTLPSettings: Sendable {
    /// The collector's address, such as `http://localhost:4318`, without a slash at the end.
    package var endpoint: String
    /// Header fields of every request: what a collector wants to know who sends. Secrets.
    package var headers: [(name: String, value: String)]
    package var signals: Set<OTLPSignal>
    /// Between two looks at what waits to be sent.
    package var interval = Duration.seconds(1)
    /// Between two reports of all metrics (OpenTelemetry, periodic exporting reader).
    package var metricsInterval = Duration.seconds(60)
    /// For one request to the collector.
    package var timeout = Duration.seconds(10)
    /// After the first failure that may pass; doubled after each one that follows.
    package var pause = Duration.seconds(1)
    /// How long one batch is tried before it is given up.
    package var patience = Duration.seconds(60)
    /// Bytes of one signal that may wait: some 30,000 spans.
    package var queueLimit = 8 << 20
    /// For what is left when the program ends.
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
