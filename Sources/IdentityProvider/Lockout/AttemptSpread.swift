import FoundationEssentials

/// Counts how widely failed sign-ins are spread: over accounts by one subscriber, and over subscribers at one account.
/// Password spraying, a few guesses at each account, stays below every other counter.
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

    /// Counts expire this many seconds after the last new pair.
    private static let memory: TimeInterval = 3_600

    /// Counts a failed sign-in with `name`, which belongs to `user`, if anyone. Costs the same for names that do not
    /// exist.
    func failed(_ name: String, of user: User?, from address: String) async throws {
        let account = user?.id.rawValue ?? "nobody \(User.key(of: name).prefix(256))"
        let expiry = now().addingTimeInterval(Self.memory)
        // Each pair of name and subscriber counts once, even if it fails concurrently on several nodes. It uses the
        // name as typed, because otherwise the cost would reveal that another name of the same account was tried
        // before.
        let pair = digest("\(User.key(of: name).prefix(256)) from \(IPAddress.subscriber(of: address))")
        guard try await singleUse.consume(pair, for: .failedAttempt, until: expiry) else { return }
        try await attempts.fail([Self.from(address), Self.at(account)].map(digest), at: now(), expiresAt: expiry)
    }

    /// Deducts some failures of `address` after `user` signed in from there: of a crowd behind one address, many
    /// mistype and most get in. Each account counts once a day, so that one account can't pay for guesses at others.
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

    /// Returns the number of accounts at which the subscriber of `address` failed, and of subscribers who failed at the
    /// account of `user`.
    func failures(at user: User, from address: String) async throws -> (accounts: Int, subscribers: Int) {
        let (from, at) = (digest(Self.from(address)), digest(Self.at(user.id.rawValue)))
        let failures = try await attempts.failures(of: [from, at], at: now())
        return (failures[from]?.count ?? 0, failures[at]?.count ?? 0)
    }

    private static func from(_ address: String) -> String { "accounts from \(IPAddress.subscriber(of: address))" }
    private static func at(_ account: String) -> String { "subscribers at \(account)" }

    /// The key in storage: a digest, so that the tables do not reveal who is under attack.
    private func digest(_ name: String) -> String {
        digester.name(name, of: AttemptSpread.self)
    }
}

extension AttemptSpread: Digested {
    static let digestLabel = "AttemptSpread"
}
