import FoundationEssentials
import JOSE
import Metrics

/// What the provider counts, every name once. What a label says is of our choosing: never what a stranger sent.
package enum Measurements {
    /// Counts what the audit log is told: an operation that tells it needs no second line.
    static func count(_ event: AuditEvent) {
        switch event {
        case .tokensIssued(let grant, _):
            Counter(label: "martlet.tokens", dimensions: [("grant_type", grant.rawValue)]).increment()
        case .signedIn(let factors, _, _): countSignIn(factors, "signed_in")
        case .steppedUp(let factor, _): countSignIn([factor], "stepped_up")
        case .signInRefused(let reason, let factor): countSignIn([factor], reason.rawValue)
        case .suspiciousSignIn(let signals, let consequence):
            for signal in signals { suspiciousSignIns(signal, consequence).increment() }
        default: break
        }
    }

    /// Begins what alerts look at with zero: a rate does not see the step from nothing to one.
    static func register() {
        for signal in RiskSignal.allCases {
            for consequence in RiskConsequence.allCases {
                suspiciousSignIns(signal.rawValue, consequence.rawValue).increment(by: 0)
            }
        }
    }

    private static func suspiciousSignIns(_ signal: String, _ consequence: String) -> Counter {
        Counter(label: "martlet.suspicious_sign_ins", dimensions: [("signal", signal), ("consequence", consequence)])
    }

    private static func countSignIn(_ factors: [Factor], _ outcome: String) {
        let factor = factors.map(\.rawValue).joined(separator: "+")
        Counter(label: "martlet.sign_ins", dimensions: [("factor", factor), ("outcome", outcome)]).increment()
    }

    /// A request that ended in an error, shown or redirected.
    package static func countRefusal(_ code: OAuthError.Code) {
        Counter(label: "martlet.refusals", dimensions: [("error", code.rawValue)]).increment()
    }

    /// A request that came too early; `route` is the path of the route.
    package static func countRateLimited(_ route: String) {
        Counter(label: "martlet.rate_limited", dimensions: [("route", route)]).increment()
    }

    /// A connection that was closed at once, because its `address` or its `network` has as many as it may.
    package static func countRefusedConnection(limit: String) {
        Counter(label: "martlet.connections.refused", dimensions: [("limit", limit)]).increment()
    }

    /// Events on their way to the audit log.
    static let auditWaiting = Meter(label: "martlet.audit.waiting")

    static func outboxDepth(of issuer: String) -> Gauge {
        Gauge(label: "martlet.outbox.depth", dimensions: [("issuer", issuer)])
    }

    static func webhooksDepth(of issuer: String) -> Gauge {
        Gauge(label: "martlet.webhooks.depth", dimensions: [("issuer", issuer)])
    }

    /// Says since when the key that signs does, and until when it is meant to.
    static func note(_ key: SigningKeyRecord, of issuer: String) {
        let dimensions = [("issuer", issuer), ("alg", key.algorithm.rawValue)]
        Gauge(label: "martlet.signing_key.since_timestamp", dimensions: dimensions)
            .record(key.signsFrom.timeIntervalSince1970.rounded())
        Gauge(label: "martlet.signing_key.until_timestamp", dimensions: dimensions)
            .record(key.signsUntil.timeIntervalSince1970.rounded())
    }
}

/// How busy the hashing of passwords is.
struct PasswordMeasurements: Sendable {
    let waiting = Meter(label: "martlet.password.waiting")
    let running = Meter(label: "martlet.password.running")
    let shed = Counter(label: "martlet.password.shed")
    let duration = Timer(label: "martlet.password.duration")
}

/// How often a cache knew the answer.
struct CacheMeasurements: Sendable {
    let hits: Counter
    let misses: Counter

    init(_ cache: String) {
        hits = Counter(label: "martlet.cache.lookups", dimensions: [("cache", cache), ("outcome", "hit")])
        misses = Counter(label: "martlet.cache.lookups", dimensions: [("cache", cache), ("outcome", "miss")])
    }
}
