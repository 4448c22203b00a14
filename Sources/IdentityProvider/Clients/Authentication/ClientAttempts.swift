import FoundationEssentials
import JOSE
import Synchronization

/// Rate limits failed client authentication, per client and network (RFC 6749 §2.3.1, §10.10).
///
/// Failures count on all nodes. Each costs a commit, in one network about one a second, beyond which failures count on
/// their node. The requests of a client that this node knows in their network cost not even a query. Failures count only
/// in their own network, and not in a network where the client authenticated within a day: anyone else in that network
/// could otherwise lock the client out. There, the endpoint's rate limit bounds guesses.
final class ClientAttempts: Sendable {
    private let shared: FailureLimiter
    private let limiter: RateLimiter
    private let digester: SecretDigester
    private let now: @Sendable () -> Date
    /// The last success in each network, of each client in it, and of each secret there.
    private let successes = Mutex<[String: Date]>([:])

    private static let failures = RateLimit(burst: 10, perMinute: 6)
    /// The same wrong credential counts once a minute: a program that still sends an old secret isn't guessing.
    private static let repetitions = RateLimit(burst: 1, perMinute: 1)
    /// The failures in a network that are stored, so that they count on all nodes.
    private static let stored = RateLimit(burst: 30, perMinute: 60)
    /// The wrong assertions in a network of the client after which its assertions there are no longer recognized.
    private static let knownFailures = RateLimit(burst: 60, perMinute: 60)
    /// How long a success is remembered, in seconds.
    private static let memory: TimeInterval = 86_400
    private static let maximumCount = 20_000

    /// One try to authenticate as a client.
    struct Attempt: Sendable {
        let client: Identifier<Client>
        let address: String
        let proof: String?
        let isAssertion: Bool

        init(client: Identifier<Client>, _ claimed: ClaimedClient, from address: String) {
            (self.client, self.address, proof) = (client, address, claimed.proof)
            isAssertion = claimed.credential is ClientAssertion
        }

        /// Counts for the client that was found, however its credentials were encoded. The certificate of a public client
        /// proves nothing about it.
        init(_ claimed: ClaimedClient, as found: Client?, from address: String) {
            (client, self.address) = (found?.id ?? claimed.ids[0], address)
            proof = found?.isPublic == true ? claimed.credential.proof : claimed.proof
            isAssertion = claimed.credential is ClientAssertion
        }
    }

    init(_ core: Core) {
        shared = FailureLimiter(core)
        limiter = core.limiter
        digester = core.digester
        now = core.now
    }

    /// Returns the seconds until the next credential may be verified; `nil` if it may be verified now. A request
    /// without proof guesses nothing, so attempts in a public client's name never delay its users.
    func wait(for attempt: Attempt) async throws -> Int? {
        let name = name(of: attempt)
        guard attempt.proof != nil, !isKnown(name, at: now()) else { return nil }
        return try await shared.wait(for: name, of: Self.failures)
    }

    func failed(_ attempt: Attempt) async throws {
        let (name, moment) = (name(of: attempt), now())
        guard let proof = attempt.proof else { return }
        successes.withLock { $0[digest(name, proof)] = nil }
        guard !isKnown(name, at: moment) else { return limiter.charge(name, of: Self.knownFailures, at: moment) }
        guard limiter.take(digest(name, proof), of: Self.repetitions, at: moment) == nil else { return }
        // A flood that names another client each time stays away from the database. The answers are the same.
        guard limiter.take(digest("stored", subscriber(attempt.address)), of: Self.stored, at: moment) == nil else {
            return limiter.charge(name, of: Self.failures, at: moment)
        }
        try await shared.failed(name, of: Self.failures)
    }

    func succeeded(_ attempt: Attempt) {
        guard let proof = attempt.proof else { return }
        let (name, moment) = (name(of: attempt), now())
        // An assertion comes only once.
        let names = [digest(subscriber(attempt.address)), name] + (attempt.isAssertion ? [] : [digest(name, proof)])
        successes.withLock { successes in
            if successes[names[names.count - 1]] == nil, successes.count >= Self.maximumCount {
                successes = successes.filter { $0.value > moment.addingTimeInterval(-Self.memory) }
                if successes.count >= Self.maximumCount { successes.removeAll(keepingCapacity: true) }
            }
            for name in names { successes[name] = moment }
        }
    }

    /// Whether the credential needs no rate limit: a secret that was right in this network within a day, so that there is
    /// nothing to guess, or the assertion of a client that authenticated there and rarely fails.
    func recognizes(_ claimed: ClaimedClient, from address: String) -> Bool {
        claimed.ids.contains { recognizes(Attempt(client: $0, claimed, from: address)) }
    }

    /// Whether any client authenticated in this network within a day.
    func haveSucceeded(from address: String) -> Bool { isKnown(digest(subscriber(address)), at: now()) }

    private func recognizes(_ attempt: Attempt) -> Bool {
        guard let proof = attempt.proof else { return false }
        let (name, moment) = (name(of: attempt), now())
        guard attempt.isAssertion else { return isKnown(digest(name, proof), at: moment) }
        return isKnown(name, at: moment) && limiter.wait(for: name, of: Self.knownFailures, at: moment) == nil
    }

    private func isKnown(_ name: String, at moment: Date) -> Bool {
        guard let last = successes.withLock({ $0[name] }) else { return false }
        return last > moment.addingTimeInterval(-Self.memory)
    }

    /// Unknown client identifiers are counted in the same way, so that limits don't reveal which clients exist.
    private func name(of attempt: Attempt) -> String {
        digest("client", attempt.client.rawValue, subscriber(attempt.address))
    }

    private func subscriber(_ address: String) -> String { IPAddress.subscriber(of: address) }

    /// Returns a key of fixed length, because the parts may be as long as the sender likes.
    private func digest(_ parts: String...) -> String {
        digester.name(parts.joined(separator: "\u{0}"), of: ClientAttempts.self)
    }
}

extension ClientAttempts: Digested {
    static let digestLabel = "ClientAttempts"
}
