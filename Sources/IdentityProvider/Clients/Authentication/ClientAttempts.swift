import Crypto
import FoundationEssentials
import JOSE
import Synchronization

/// Rate limits failed client authentication, per client and network (RFC 6749 §2.3.1, §10.10).
///
/// Each node counts in memory, so that a guess doesn't cost a commit and a genuine request doesn't cost a query.
/// Failures count only in their own network, and not in a network where the client authenticated within a day: anyone
/// else in that network could otherwise lock the client out. There, only the endpoint's rate limit bounds guesses.
final class ClientAttempts: Sendable {
    private let limiter: RateLimiter
    private let issuer: Issuer
    private let now: @Sendable () -> Date
    /// The last successful authentication of each client in each network.
    private let successes = Mutex<[String: Date]>([:])

    private static let failures = RateLimit(burst: 10, perMinute: 6)
    /// The same wrong credential counts once a minute: a program that still sends an old secret isn't guessing.
    private static let repetitions = RateLimit(burst: 1, perMinute: 1)
    /// How long a success is remembered, in seconds.
    private static let memory: TimeInterval = 86_400
    private static let maximumCount = 10_000

    /// One try to authenticate as a client.
    struct Attempt: Sendable {
        let client: Identifier<Client>
        let proof: String?
        let address: String

        /// Counts for the client that was found, however its credentials were encoded.
        init(_ claimed: ClaimedClient, as found: Client?, from address: String) {
            client = found?.id ?? claimed.ids[0]
            proof = claimed.credential.proof
            self.address = address
        }
    }

    init(_ core: Core) {
        limiter = core.limiter
        issuer = core.issuer
        now = core.now
    }

    /// Returns the seconds until the next credential may be verified; `nil` if it may be verified now. A request
    /// without proof guesses nothing, so attempts in a public client's name never delay its users.
    func wait(for attempt: Attempt) -> Int? {
        let (name, moment) = (name(of: attempt), now())
        guard attempt.proof != nil, !isExempt(name, at: moment) else { return nil }
        return limiter.wait(for: name, of: Self.failures, at: moment)
    }

    func failed(_ attempt: Attempt) {
        let (name, moment) = (name(of: attempt), now())
        guard let proof = attempt.proof, !isExempt(name, at: moment),
            limiter.take(Self.digest(name, proof), of: Self.repetitions, at: moment) == nil
        else { return }
        _ = limiter.take(name, of: Self.failures, at: moment)
    }

    func succeeded(_ attempt: Attempt) {
        guard attempt.proof != nil else { return }
        let (name, moment) = (name(of: attempt), now())
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

    /// Unknown client identifiers are counted in the same way, so that limits don't reveal which clients exist.
    private func name(of attempt: Attempt) -> String {
        Self.digest("client", issuer.identifier, attempt.client.rawValue, IPAddress.subscriber(of: attempt.address))
    }

    /// Returns a key of fixed length, because the parts may be as long as the sender likes.
    private static func digest(_ parts: String...) -> String {
        Base64URL.encode(Array(SHA256.hash(data: Array(parts.joined(separator: "\u{0}").utf8))))
    }
}
