import Crypto
import FoundationEssentials
import JOSE
import Synchronization

/// Slows down guesses at a client's credential, per client and network (RFC 6749 §2.3.1, §10.10).
///
/// Each node counts in memory: a guess must not cost a commit, nor a token of a genuine client a query. Failures never
/// reach beyond their network, nor keep a client out of a network where it authenticated within a day: whoever shares that
/// network could otherwise lock it out. There, only the rate limit of the endpoint bounds guesses.
final class ClientAttempts: Sendable {
    private let limiter: RateLimiter
    private let issuer: Issuer
    private let now: @Sendable () -> Date
    /// When each client last authenticated in each network.
    private let successes = Mutex<[String: Date]>([:])

    private static let failures = RateLimit(burst: 10, perMinute: 6)
    /// One wrong credential counts once a minute: a program that still has a former secret guesses nothing.
    private static let repetitions = RateLimit(burst: 1, perMinute: 1)
    /// Seconds.
    private static let memory: TimeInterval = 86_400
    private static let maximumCount = 10_000

    init(_ core: Core) {
        limiter = core.limiter
        issuer = core.issuer
        now = core.now
    }

    /// Seconds until the next credential is verified; `nil` if that may be now. A request without proof guesses nothing, so
    /// users of a public client never wait for what others try in its name.
    func wait(for claimed: ClaimedClient, from address: String) -> Int? {
        let (name, moment) = (name(of: claimed.id, address), now())
        guard claimed.credential.proof != nil, !isExempt(name, at: moment) else { return nil }
        return limiter.wait(for: name, of: Self.failures, at: moment)
    }

    func failed(_ claimed: ClaimedClient, from address: String) {
        let (name, moment) = (name(of: claimed.id, address), now())
        guard let proof = claimed.credential.proof, !isExempt(name, at: moment),
            limiter.take(Self.digest(name, proof), of: Self.repetitions, at: moment) == nil
        else { return }
        _ = limiter.take(name, of: Self.failures, at: moment)
    }

    func succeeded(_ claimed: ClaimedClient, from address: String) {
        guard claimed.credential.proof != nil else { return }
        let (name, moment) = (name(of: claimed.id, address), now())
        successes.withLock { successes in
            if successes[name] == nil, successes.count >= Self.maximumCount {
                successes = successes.filter { $0.value > moment.addingTimeInterval(-Self.memory) }
                if successes.count >= Self.maximumCount { successes.removeAll(keepingCapacity: true) }
            }
            successes[name] = moment
        }
    }

    private func isExempt(_ name: String, at moment: Date) -> Bool {
        guard let last = successes.withLock({ $0[name] }) else { return false }
        return last > moment.addingTimeInterval(-Self.memory)
    }

    /// Identifiers that no client has are counted alike.
    private func name(of client: Identifier<Client>, _ address: String) -> String {
        Self.digest("client", issuer.identifier, client.rawValue, IPAddress.subscriber(of: address))
    }

    /// As short as it is unique, whatever a stranger sends.
    private static func digest(_ parts: String...) -> String {
        Base64URL.encode(Array(SHA256.hash(data: Array(parts.joined(separator: "\u{0}").utf8))))
    }
}
