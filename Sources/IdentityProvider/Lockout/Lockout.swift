package import FoundationEssentials

/// Failed attempts to sign in to an account, and what they entail.
package struct Lockout: Sendable, Hashable {
    package let failures: Int
    /// When the next attempt from an unknown browser is allowed; `nil` if it is allowed now.
    package let until: Date?
    /// Whether the failures reached the limit, so that the account stays locked until it is unlocked or they expire.
    package let isLocked: Bool

    init(_ attempts: Attempts, under rule: AttemptRule, at now: Date) {
        failures = attempts.count
        until = rule.end(of: attempts).flatMap { $0 > now ? $0 : nil }
        isLocked = rule.isLocked(by: attempts)
    }
}
