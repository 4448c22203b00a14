import Logging

extension PasswordFactor {
    /// What came of name and password.
    enum Attempt: Sendable {
        /// What came of the sign-in from there.
        case accepted(User, SignIn.Outcome)
        /// Name or password is wrong, the user is disabled, or the sign-in too unusual: only the log is told which.
        case refused(SignInRefusal, Identifier<User>?)
        /// Not looked at.
        case throttled(AttemptPause)
    }

    /// Looks at name and password, and counts what fails: for the pages and the JSON API alike. `advance` goes on with the
    /// user whose password it is.
    func signIn(
        _ name: String, _ password: String, devices: DeviceCookie, attempts: AttemptLimiter, _ request: Request,
        advance: (User) async throws -> SignIn.Outcome
    ) async throws -> Attempt {
        let counters = try await counters(for: name, devices: devices, request)
        if let pause = try await attempts.wait(for: counters) { return .throttled(pause) }
        let verdict = try await verify(password, of: name)
        let reason: SignInRefusal
        if verdict.isRight, let user = verdict.named {
            Decision.note("Name and password are those of user \(user.id).")
            let outcome = try await advance(user)
            guard case .refused = outcome else {
                try await attempts.succeeded(counters)
                return .accepted(user, outcome)
            }
            // Counted as a wrong one: neither the next wait nor its absence tells that it was right.
            reason = .suspicious
        } else {
            reason = verdict.named.map { $0.isDisabled ? .disabled : .wrongCredential } ?? .unknownUser
        }
        try await attempts.failed(counters, of: verdict.named?.id)
        Logger.current.notice("sign-in refused", metadata: ["factor": "password"])
        if counters.contains(where: { $0.rule == .address }) {
            try await attempts.spread.failed(name, of: verdict.named, from: request.remoteAddress)
        }
        return .refused(reason, verdict.named?.id)
    }

    /// A browser in which the person signed in before is counted by itself: whoever attacks the account from elsewhere
    /// cannot lock them out of it.
    private func counters(for name: String, devices: DeviceCookie, _ request: Request) async throws
        -> [AttemptCounter]
    {
        if devices.isPresent(in: request), let user = try await find(name),
            let device = try await devices.device(of: user, in: request)
        {
            return [.account(on: device)]
        }
        return [.account(name), .address(request.remoteAddress)]
    }
}
