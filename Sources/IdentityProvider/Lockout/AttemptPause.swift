/// Why nothing is tried now.
struct AttemptPause: Hashable, Sendable {
    /// To wait before the next attempt.
    let seconds: Int
    /// Whether so much was guessed that only the owner opens it, or a day.
    let isLocked: Bool

    /// How the log says it. The person is told the same of both.
    var refusal: SignInRefusal { isLocked ? .locked : .throttled }
}
