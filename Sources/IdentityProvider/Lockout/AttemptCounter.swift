import FoundationEssentials
import JOSE

/// Something that is guessed at, and how many failures it bears. Names that do not exist are counted alike.
struct AttemptCounter: Hashable, Sendable {
    let name: String
    let rule: AttemptRule
    /// What its owner is told when it locks, whether there is such a person or not.
    var notice: Mail.Occasion?

    /// The password of an account, from anywhere, under the name that was typed. Who has two names has two counters: with
    /// one, the wait at the second name would tell that it is the same person's as the first.
    static func account(_ name: String) -> AttemptCounter {
        AttemptCounter(
            name: "account \(User.key(of: name).prefix(256))", rule: .account,
            notice: .lockedOut(name: String(name.prefix(255))))
    }

    /// The same from a browser in which its owner signed in before: nobody else can lock them out of it.
    static func account(on device: Device) -> AttemptCounter {
        AttemptCounter(name: "device \(device.id)", rule: .account)
    }

    /// The codes of a user whose password was right.
    static func secondFactor(of user: Identifier<User>, on device: Device?) -> AttemptCounter {
        AttemptCounter(
            name: device.map { "second factor on \($0.id)" } ?? "second factor of \(user)", rule: .secondFactor,
            notice: device == nil ? .secondFactorLocked(user) : nil)
    }

    /// Whatever one subscriber tries on however many accounts. Many people may share one.
    static func address(_ address: String) -> AttemptCounter {
        AttemptCounter(name: "address \(IPAddress.subscriber(of: address))", rule: .address)
    }
}

extension AttemptCounter {
    /// All that keeps a user out of browsers that are not known.
    static func all(of user: User) -> [AttemptCounter] {
        [user.username, user.email].compactMap(\.self).map(account) + [secondFactor(of: user.id, on: nil)]
    }

    /// What it is kept under: the table tells nobody who is attacked.
    func key(_ digester: SecretDigester) -> String {
        Base64URL.encode(digester.digest(name, of: AttemptCounter.self).bytes)
    }
}

/// How long failures make the next attempt wait.
struct AttemptRule: Hashable, Sendable {
    /// Failures that make nobody wait: people mistype.
    let free: Int
    /// The longest wait, in seconds.
    let longestWait: TimeInterval
    /// So many lock it, until it is unlocked or the failures are forgotten; `nil` where nothing locks.
    let locksAt: Int?

    /// A hundred guesses in a row at most, at each name of an account (NIST SP 800-63B §5.2.2).
    static let account = AttemptRule(free: 5, longestWait: 900, locksAt: 100)
    /// Six digits, of which three are right at a time: twenty guesses find one in some 17,000 tries.
    static let secondFactor = AttemptRule(free: 5, longestWait: 900, locksAt: 20)
    /// One subscriber, whom many people may share: whoever has the right password waits a minute at most for what others
    /// got wrong.
    static let address = AttemptRule(free: 50, longestWait: 60, locksAt: nil)
    /// Failures of an address that each account takes back that signs in from there, once in `memory`.
    static let takenBack = 5

    /// Failures are forgotten so long after the last, in seconds.
    static let memory: TimeInterval = 86_400

    func isLocked(by failures: Attempts) -> Bool { locksAt.map { failures.count >= $0 } ?? false }

    /// Until when nothing is tried after so many failures: one second, then twice as long each time.
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
