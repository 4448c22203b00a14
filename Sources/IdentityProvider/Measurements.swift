import FoundationEssentials
import JOSE
import Metrics

/// The provider's metrics. Label values come from a fixed set, never from a request: a client could otherwise create
/// any number of time series.
package enum Measurements {
    /// Counts an audit event. Operations that record one need no counter of their own.
    static func count(_ event: AuditEvent) {
        switch event {
        case .tokensIssued(let grant, _, _, _):
            Counter(label: "martlet.tokens", dimensions: [("grant_type", grant.rawValue)]).increment()
        case .deviceRequested: countDevice("requested")
        case .deviceApproved: countDevice("approved")
        case .deviceDenied: countDevice("denied")
        case .deviceCodeRefused, .deviceCodeReused: countDevice("refused")
        case .signedIn(let factors, _, _, _): countSignIn(factors, "signed_in")
        case .steppedUp(let factor, _): countSignIn([factor], "stepped_up")
        case .signInRefused(let reason, let factor): countSignIn([factor], reason.rawValue)
        case .upstreamRefused(let upstream, let reason): upstreamSignIns(upstream, reason).increment()
        case .suspiciousSignIn(let signals, let consequence):
            for signal in signals { suspiciousSignIns(signal, consequence).increment() }
        default: break
        }
    }

    /// Creates the counters that alerts use, at zero: `rate` misses the first increment of a series that starts at one.
    static func register() {
        for signal in RiskSignal.allCases {
            for consequence in RiskConsequence.allCases {
                suspiciousSignIns(signal.rawValue, consequence.rawValue).increment(by: 0)
            }
        }
    }

    /// Creates the counters of an upstream.
    static func register(_ upstream: Identifier<Upstream>) {
        for outcome in ["success"] + UpstreamFailure.Reason.allCases.map(\.rawValue) {
            upstreamSignIns(upstream, outcome).increment(by: 0)
        }
    }

    /// Counts a verified identity that an upstream has vouched for, and that was admitted.
    static func countUpstreamSignIn(_ upstream: Identifier<Upstream>) {
        upstreamSignIns(upstream, "success").increment()
    }

    private static func upstreamSignIns(_ upstream: Identifier<Upstream>, _ outcome: String) -> Counter {
        Counter(label: "martlet.upstream.sign_ins", dimensions: [("upstream", "\(upstream)"), ("outcome", outcome)])
    }

    /// Notes a request to another server that took `duration` and ended with `error`, if it failed.
    package static func note(_ duration: Duration, under policy: FetchPolicy, error: (any Error)?) {
        let outcome = error == nil ? "success" : "failure"
        Timer(label: "martlet.fetch.duration", dimensions: [("operation", policy.operation), ("outcome", outcome)])
            .record(duration: duration)
        // Our own load says nothing about the upstream.
        guard let upstream = policy.upstream, !(error is CancellationError), (error as? FetchError)?.isBusy != true
        else {
            return
        }
        let isUp = (error as? FetchError)?.isAnswer ?? (error == nil)
        Gauge(label: "martlet.upstream.up", dimensions: [("upstream", "\(upstream)")]).record(isUp ? 1 : 0)
    }

    private static func suspiciousSignIns(_ signal: String, _ consequence: String) -> Counter {
        Counter(label: "martlet.suspicious_sign_ins", dimensions: [("signal", signal), ("consequence", consequence)])
    }

    private static func countDevice(_ outcome: String) {
        Counter(label: "martlet.device_authorizations", dimensions: [("outcome", outcome)]).increment()
    }

    private static func countSignIn(_ factors: [Factor], _ outcome: String) {
        let factor = factors.map(\.rawValue).joined(separator: "+")
        Counter(label: "martlet.sign_ins", dimensions: [("factor", factor), ("outcome", outcome)]).increment()
    }

    /// Counts a request that ended in an error, whether shown or redirected.
    package static func countRefusal(_ code: OAuthError.Code) {
        Counter(label: "martlet.refusals", dimensions: [("error", code.rawValue)]).increment()
    }

    /// Counts a request that exceeded a rate limit. `route` is the path of the route.
    package static func countRateLimited(_ route: String) {
        Counter(label: "martlet.rate_limited", dimensions: [("route", route)]).increment()
    }

    /// Counts a connection that was closed immediately because its `address` or `network` had reached its limit.
    package static func countRefusedConnection(limit: String) {
        Counter(label: "martlet.connections.refused", dimensions: [("limit", limit)]).increment()
    }

    /// Events waiting to be written to the audit log.
    static let auditWaiting = Meter(label: "martlet.audit.waiting")

    static func outboxDepth(of issuer: String) -> Gauge {
        Gauge(label: "martlet.outbox.depth", dimensions: [("issuer", issuer)])
    }

    static func webhooksDepth(of issuer: String) -> Gauge {
        Gauge(label: "martlet.webhooks.depth", dimensions: [("issuer", issuer)])
    }

    static func logoutNotices(of issuer: String) -> Gauge {
        Gauge(label: "martlet.logout.depth", dimensions: [("issuer", issuer)])
    }

    /// Counts an attempt to tell a client that a session has ended.
    static func countLogoutNotice(_ outcome: String) {
        Counter(label: "martlet.logout.notices", dimensions: [("outcome", outcome)]).increment()
    }

    static func securityEventsDepth(of issuer: String) -> Gauge {
        Gauge(label: "martlet.security_events.depth", dimensions: [("issuer", issuer)])
    }

    /// Counts security events that receivers took or refused. `method` is `push` or `poll`.
    static func countSecurityEvents(_ count: Int, _ method: String, _ outcome: String) {
        Counter(label: "martlet.security_events", dimensions: [("method", method), ("outcome", outcome)])
            .increment(by: count)
    }

    /// Records when the current signing key started to sign and when it is due to stop.
    static func note(_ key: SigningKeyRecord, of issuer: String) {
        let dimensions = [("issuer", issuer), ("alg", key.algorithm.rawValue)]
        Gauge(label: "martlet.signing_key.since_timestamp", dimensions: dimensions)
            .record(key.signsFrom.timeIntervalSince1970.rounded())
        Gauge(label: "martlet.signing_key.until_timestamp", dimensions: dimensions)
            .record(key.signsUntil.timeIntervalSince1970.rounded())
    }
}

/// Load and duration of password hashing.
struct PasswordMeasurements: Sendable {
    let waiting = Meter(label: "martlet.password.waiting")
    let running = Meter(label: "martlet.password.running")
    let shed = Counter(label: "martlet.password.shed")
    let duration = Timer(label: "martlet.password.duration")
}

/// Hits and misses of one cache.
struct CacheMeasurements: Sendable {
    let hits: Counter
    let misses: Counter

    init(_ cache: String) {
        hits = Counter(label: "martlet.cache.lookups", dimensions: [("cache", cache), ("outcome", "hit")])
        misses = Counter(label: "martlet.cache.lookups", dimensions: [("cache", cache), ("outcome", "miss")])
    }
}
