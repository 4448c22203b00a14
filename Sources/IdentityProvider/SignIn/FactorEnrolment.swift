extension AttemptLimiter {
    /// Lets `enrol` set up a factor of `user`, and counts what fails as of a second factor: whoever has the app or the key at
    /// hand need not try again and again. What succeeds takes none of it back: it proves nothing of older factors.
    func enrolment(
        of factor: Factor, by user: User, _ enrol: () async throws -> ShownFactor?
    ) async throws -> ShownFactor? {
        let counters = [AttemptCounter.secondFactor(of: user.id, on: nil)]
        if let pause = try await wait(for: counters) { throw OAuthError.tooManyRequests(retryAfter: pause.seconds) }
        guard let shown = try await enrol() else {
            audit.record(.enrolmentRefused(factor), user: user.id)
            try await failed(counters, of: user.id)
            return nil
        }
        return shown
    }
}
