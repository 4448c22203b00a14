/// The description of a metric: its names, unit and help text.
struct MetricDescription: Sendable {
    /// The name in the style of OpenTelemetry.
    let label: String
    /// The unit in UCUM; empty for plain counts.
    let unit: String
    let help: String
    /// The established Prometheus name, if there is one.
    let established: String?

    init(_ label: String, _ unit: String = "", _ help: String, established: String? = nil) {
        self.label = label
        self.unit = unit
        self.help = help
        self.established = established
    }

    /// Returns the name for Prometheus, which includes the base unit and ends with `_total` for counters (Prometheus
    /// metric naming).
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

/// All metrics of Martlet. A metric that is missing here is still exported, but without a help text.
enum MetricCatalog {
    static func description(of label: String) -> MetricDescription {
        byLabel[label] ?? MetricDescription(label, "", "\(label), no description.")
    }

    private static let byLabel = Dictionary(uniqueKeysWithValues: all.map { ($0.label, $0) })

    private static let all = [
        MetricDescription("http.server.request.duration", "s", "Duration of requests, by route and status."),
        MetricDescription("martlet.tokens", "", "Token responses, by grant type."),
        MetricDescription("martlet.sign_ins", "", "Attempts to verify a factor, by factor and outcome."),
        MetricDescription(
            "martlet.suspicious_sign_ins", "", "Unusual sign-ins, by signal and consequence, counted once per signal."),
        MetricDescription("martlet.upstream.sign_ins", "", "Sign-ins at upstreams, by upstream and outcome."),
        MetricDescription("martlet.upstream.up", "", "Whether the upstream answered the last request, by upstream."),
        MetricDescription(
            "martlet.fetch.duration", "s", "Duration of requests to other servers, by operation and outcome."),
        MetricDescription("martlet.refusals", "", "Requests that ended in an error, by error code."),
        MetricDescription("martlet.rate_limited", "", "Requests refused by the rate limit, by route."),
        MetricDescription(
            "martlet.connections.refused", "",
            "Connections refused because an address or network has too many, by limit."),
        MetricDescription("martlet.password.waiting", "", "Passwords waiting to be hashed."),
        MetricDescription("martlet.password.running", "", "Passwords being hashed."),
        MetricDescription("martlet.password.shed", "", "Passwords refused because too many were waiting to be hashed."),
        MetricDescription("martlet.password.duration", "s", "Time to hash a password, including the wait."),
        MetricDescription("martlet.cache.lookups", "", "Cache lookups, by cache and outcome."),
        MetricDescription(
            "martlet.signing_key.since_timestamp", "s",
            "When the current signing key began to sign, by issuer and algorithm."),
        MetricDescription(
            "martlet.signing_key.until_timestamp", "s",
            "When the current signing key is due for replacement, by issuer and algorithm."),
        MetricDescription("martlet.device_authorizations", "", "Requests of devices, by outcome."),
        MetricDescription("martlet.outbox.depth", "", "Emails waiting for delivery."),
        MetricDescription("martlet.webhooks.depth", "", "Webhook events waiting for delivery."),
        MetricDescription("martlet.logout.depth", "", "Logout tokens waiting for delivery."),
        MetricDescription("martlet.logout.notices", "", "Attempts to deliver a logout token, by outcome."),
        MetricDescription("martlet.security_events.depth", "", "Security events waiting for their receivers."),
        MetricDescription("martlet.security_events", "", "Security events taken or refused, by method and outcome."),
        MetricDescription("martlet.audit.waiting", "", "Audit records waiting to be written."),
        MetricDescription(
            "martlet.telemetry.dropped", "", "Telemetry records lost before they reached the collector, by signal."),
        MetricDescription(
            "db.client.connection.pending_requests", "", "Units of work waiting for a connection, by pool."),
        MetricDescription("db.client.connection.wait_time", "s", "Time that units of work waited for a connection."),
        MetricDescription("db.client.connection.use_time", "s", "Time that connections were in use at a stretch."),
        MetricDescription("db.client.connection.used", "", "Connections in use, by pool."),
        MetricDescription("db.client.connection.max", "", "Connections in the pool, by pool."),
        MetricDescription(
            "process.cpu.time", "s", "CPU time of the process.", established: "process_cpu_seconds_total"),
        MetricDescription(
            "process.memory.usage", "By", "Resident memory of the process.",
            established: "process_resident_memory_bytes"),
        MetricDescription(
            "process.unix.file_descriptor.count", "", "Open files and sockets.",
            established: "process_open_fds"),
        MetricDescription(
            "process.unix.file_descriptor.limit", "", "Maximum number of open files and sockets.",
            established: "process_max_fds"),
        MetricDescription(
            "process.start_time", "s", "Start time of the process, in seconds since 1970.",
            established: "process_start_time_seconds"),
    ]
}
