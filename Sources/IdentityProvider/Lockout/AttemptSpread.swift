import FoundationEssentials
import JOSE

/// Counts how widely failed sign-ins are spread: over accounts from one subscriber, and over subscribers at one account.
/// Guesses of a few at each go below every counter of failures.
struct AttemptSpread: Sendable {
    let attempts: any AttemptStore
    let singleUse: any SingleUseStore
    let digester: SecretDigester
    let now: @Sendable () -> Date

    init(_ core: Core) {
        attempts = core.stores.attempts
        singleUse = core.stores.singleUse
        digester = core.digester
        now = core.now
    }

    /// Seconds after the last new one in which they are forgotten.
    private static let memory: TimeInterval = 3_600

    /// A sign-in failed with the name `name`, which `user` has, if anybody. Costs the same for names that do not exist.
    func failed(_ name: String, of user: User?, from address: String) async throws {
        let account = user?.id.rawValue ?? "nobody \(User.key(of: name).prefix(256))"
        let expiry = now().addingTimeInterval(Self.memory)
        // Each pair counts once, on whichever nodes it fails at once. It is of the name that was typed: that another name of
        // the account was tried before must not be told by what this costs.
        let pair = digest("\(User.key(of: name).prefix(256)) from \(IPAddress.subscriber(of: address))")
        guard try await singleUse.consume(pair, for: .failedAttempt, until: expiry) else { return }
        try await attempts.fail([Self.from(address), Self.at(account)].map(digest), at: now(), expiresAt: expiry)
    }

    /// `user` signed in from `address`, which takes back some of the failures there: of a crowd behind one address many
    /// mistype, and most get in. Once a day each, so that nobody pays with one account for guesses at others.
    func succeeded(_ user: User, from address: String) async throws {
        let counter = AttemptCounter.address(address).key(digester)
        guard let failures = try await attempts.failures(of: [counter], at: now())[counter], failures.count > 0 else {
            return
        }
        let pair = digest("\(user.id) in from \(IPAddress.subscriber(of: address))")
        let expiry = now().addingTimeInterval(AttemptRule.memory)
        guard try await singleUse.consume(pair, for: .successfulAttempt, until: expiry) else { return }
        try await attempts.takeBack(AttemptRule.takenBack, of: counter)
    }

    /// How many accounts failed from the subscriber of `address`, and how many subscribers failed at the account of `user`.
    func failures(at user: User, from address: String) async throws -> (accounts: Int, subscribers: Int) {
        let (from, at) = (digest(Self.from(address)), digest(Self.at(user.id.rawValue)))
        let failures = try await attempts.failures(of: [from, at], at: now())
        return (failures[from]?.count ?? 0, failures[at]?.count ?? 0)
    }

    private static func from(_ address: String) -> String { "accounts from \(IPAddress.subscriber(of: address))" }
    private static func at(_ account: String) -> String { "subscribers at \(account)" }

    /// What it is kept under: the tables tell nobody who is attacked.
    private func digest(_ name: String) -> String {
        Base64URL.encode(digester.digest(name, of: AttemptSpread.self).bytes)
    }
}

extension AttemptSpread: Digested {
    static let digestLabel = "AttemptSpread"
}
