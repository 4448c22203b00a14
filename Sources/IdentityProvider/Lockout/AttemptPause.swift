/// Why an attempt is not made now.
struct AttemptPause: Hashable, Sendable {
    /// Seconds until the next attempt.
    let seconds: Int
    /// Whether the account is locked, until its owner unlocks it or the failures expire after a day.
    let isLocked: Bool

    /// The reason in the audit log. The user sees the same for both.
    var refusal: SignInRefusal { isLocked ? .locked : .throttled }
}
