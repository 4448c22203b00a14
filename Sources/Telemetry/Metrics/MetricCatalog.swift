/// What is known of a metric before anybody counts: how it is named for Prometheus, in which unit, and what it tells.
struct MetricDescription: Sendable {
    /// As programs name it, in the manner of OpenTelemetry.
    let label: String
    /// UCUM; empty for plain counts.
    let unit: String
    let help: String
    /// Where Prometheus has a name of long standing.
    let established: String?

    init(_ label: String, _ unit: String = "", _ help: String, established: String? = nil) {
        self.label = label
        self.unit = unit
        self.help = help
        self.established = established
    }

    /// Base units are part of a name there, and counters end with `_total` (Prometheus, metric naming).
    func prometheusName(isCounter: Bool) -> String {
        if let established { return established }
        var name = String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        switch unit {
        case "s": name += "_seconds"
        case "By": name += "_bytes"
        default: break
        }
        return isCounter ? name + "_total" : name
    }
}

/// Every metric of Martlet. One that is not in this list is exported all the same, without a word of what it means.
enum MetricCatalog {
    static func description(of label: String) -> MetricDescription {
        byLabel[label] ?? MetricDescription(label, "", "\(label), not described.")
    }

    private static let byLabel = Dictionary(uniqueKeysWithValues: all.map { ($0.label, $0) })

    private static let all = [
        MetricDescription("http.server.request.duration", "s", "Time to answer requests, by route and status."),
        MetricDescription("martlet.tokens", "", "Answers with tokens, by grant type."),
        MetricDescription("martlet.sign_ins", "", "Attempts to prove a factor, by factor and outcome."),
        MetricDescription(
            "martlet.suspicious_sign_ins", "", "Unusual sign-ins, by signal and consequence, once for each signal."),
        MetricDescription("martlet.refusals", "", "Requests that were refused, by error code."),
        MetricDescription("martlet.rate_limited", "", "Requests refused because an address asked too often, by route."),
        MetricDescription(
            "martlet.connections.refused", "",
            "Connections refused because an address or network has too many, by limit."),
        MetricDescription("martlet.password.waiting", "", "Passwords that wait to be hashed."),
        MetricDescription("martlet.password.running", "", "Passwords that are being hashed."),
        MetricDescription("martlet.password.shed", "", "Passwords turned away because too many waited."),
        MetricDescription("martlet.password.duration", "s", "Time to hash a password, waiting included."),
        MetricDescription("martlet.cache.lookups", "", "Lookups of values kept in memory, by cache and outcome."),
        MetricDescription(
            "martlet.signing_key.since_timestamp", "s", "When the key that signs began to, by issuer and algorithm."),
        MetricDescription(
            "martlet.signing_key.until_timestamp", "s",
            "When the key that signs is to be succeeded, by issuer and algorithm."),
        MetricDescription("martlet.outbox.depth", "", "Messages that wait to be delivered."),
        MetricDescription("martlet.webhooks.depth", "", "Events that wait for the receivers of webhooks."),
        MetricDescription("martlet.audit.waiting", "", "Audit records that wait to be written."),
        MetricDescription("martlet.telemetry.dropped", "", "Telemetry records that were lost, by signal."),
        MetricDescription(
            "db.client.connection.pending_requests", "", "Units of work that wait for a connection, by pool."),
        MetricDescription("db.client.connection.wait_time", "s", "Time that units of work waited for a connection."),
        MetricDescription("db.client.connection.use_time", "s", "Time that connections worked at a stretch."),
        MetricDescription("db.client.connection.used", "", "Connections at work, by pool."),
        MetricDescription("db.client.connection.max", "", "Connections there are, by pool."),
        MetricDescription(
            "process.cpu.time", "s", "Processor time of the program.", established: "process_cpu_seconds_total"),
        MetricDescription(
            "process.memory.usage", "By", "Memory of the program that is resident.",
            established: "process_resident_memory_bytes"),
        MetricDescription(
            "process.unix.file_descriptor.count", "", "Files and sockets that are open.",
            established: "process_open_fds"),
        MetricDescription(
            "process.unix.file_descriptor.limit", "", "Files and sockets that may be open.",
            established: "process_max_fds"),
        MetricDescription(
            "process.start_time", "s", "When the program was started, since 1970.",
            established: "process_start_time_seconds"),
    ]
}
