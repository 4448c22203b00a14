/// The result of an attempt to show a further factor.
enum SecondFactorAttempt: Sendable {
    case accepted(ShownFactor)
    /// Wrong, expired or already used. The client is not told which.
    case refused
    /// Not checked.
    case throttled(AttemptPause)
}

extension SecondFactor {
    /// Verifies the factor and counts a failure. Pages call it without a challenge, the JSON API with one.
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
