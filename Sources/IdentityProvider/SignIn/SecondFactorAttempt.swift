/// What came of a factor that was shown after the first.
enum SecondFactorAttempt: Sendable {
    case accepted(ShownFactor)
    /// Wrong, late or used before: nobody is told which.
    case refused
    /// Not looked at.
    case throttled(AttemptPause)
}

extension SecondFactor {
    /// Looks at what the request shows, and counts what fails: for the pages and, with a challenge, the JSON API alike.
    func attempt(
        _ request: Request, by user: User, on device: Device?, answering challenge: FactorChallenge? = nil,
        attempts: AttemptLimiter
    ) async throws -> SecondFactorAttempt {
        let counters = [AttemptCounter.secondFactor(of: user.id, on: device)]
        if let pause = try await attempts.wait(for: counters) { return .throttled(pause) }
        let shown =
            if let challenge { try await verify(request, of: user, answering: challenge) } else {
                try await verify(request, of: user)
            }
        guard let shown else {
            try await attempts.failed(counters, of: user.id)
            return .refused
        }
        try await attempts.succeeded(counters)
        return .accepted(shown)
    }
}
