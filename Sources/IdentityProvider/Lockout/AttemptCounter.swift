import FoundationEssentials

/// A target of guessing and the rule for its failures. Names that do not exist are counted in the same way.
struct AttemptCounter: Hashable, Sendable {
    let name: String
    let rule: AttemptRule
    /// Whether it counts only in one browser in which the user has signed in before.
    var isOfDevice = false
    /// The notice to send when the counter locks, whether or not the account exists.
    var notice: Mail.Occasion?

    /// Counts guesses at the password of an account, from anywhere, under the name as typed. A user with two names has
    /// two counters: with one, a wait at the second name would reveal that both belong to the same user.
    static func account(_ name: String) -> AttemptCounter {
        AttemptCounter(
            name: "account \(User.key(of: name).prefix(256))", rule: .account,
            notice: .lockedOut(name: String(name.prefix(255))))
    }

    /// Counts guesses at the password in a browser in which the user has signed in before, so that nobody else can lock
    /// them out of it.
    static func account(on device: Device) -> AttemptCounter {
        AttemptCounter(name: "device \(device.id)", rule: .account, isOfDevice: true)
    }

    /// Counts guesses at the second factor of a user whose password was correct.
    static func secondFactor(of user: Identifier<User>, on device: Device?) -> AttemptCounter {
        AttemptCounter(
            name: device.map { "second factor on \($0.id)" } ?? "second factor of \(user)", rule: .secondFactor,
            isOfDevice: device != nil, notice: device == nil ? .secondFactorLocked(user) : nil)
    }

    /// Counts all attempts of one subscriber, at any account. Many users may share an address.
    static func address(_ address: String) -> AttemptCounter {
        AttemptCounter(name: "address \(IPAddress.subscriber(of: address))", rule: .address)
    }
}

extension AttemptCounter {
    /// Returns every counter that can lock a user out of unknown browsers.
    static func all(of user: User) -> [AttemptCounter] {
        [user.username, user.email].compactMap(\.self).map(account) + [secondFactor(of: user.id, on: nil)]
    }

    /// The key in storage: a digest, so that the table does not reveal who is under attack.
    func key(_ digester: SecretDigester) -> String {
        digester.name(name, of: AttemptCounter.self)
    }
}

/// How long failures delay the next attempt.
struct AttemptRule: Hashable, Sendable {
    /// Failures without delay, because users mistype.
    let free: Int
    /// The longest delay, in seconds.
    let longestWait: TimeInterval
    /// The number of failures that locks the counter until it is unlocked or the failures expire; `nil` if it never
    /// locks.
    let locksAt: Int?

    /// At most 100 consecutive guesses for each name of an account (NIST SP 800-63B §5.2.2).
    static let account = AttemptRule(free: 5, longestWait: 900, locksAt: 100)
    /// Of the million six-digit codes, three are valid at a time: 20 guesses succeed once in about 17,000 tries.
    static let secondFactor = AttemptRule(free: 5, longestWait: 900, locksAt: 20)
    /// Many users may share one address, so a user with the right password waits at most a minute for the failures of
    /// others.
    static let address = AttemptRule(free: 50, longestWait: 60, locksAt: nil)
    /// The number of failures deducted from an address when an account signs in from there, once per account within
    /// `memory`.
    static let takenBack = 5

    /// Failures expire this many seconds after the last one.
    static let memory: TimeInterval = 86_400

    func isLocked(by failures: Attempts) -> Bool { locksAt.map { failures.count >= $0 } ?? false }

    /// Returns when the next attempt is allowed. The delay starts at one second and doubles with each failure.
    func end(of failures: Attempts) -> Date? {
        guard failures.count >= free else { return nil }
        if isLocked(by: failures) { return failures.expiresAt }
        let wait = min(TimeInterval(1 << min(failures.count - free, 20)), longestWait)
        return failures.lastFailedAt.addingTimeInterval(wait)
    }
}

extension AttemptCounter: Digested {
    static let digestLabel = "AttemptCounter"
}
