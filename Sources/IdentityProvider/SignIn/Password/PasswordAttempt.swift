import Logging

extension PasswordFactor {
    /// What came of name and password.
    enum Attempt: Sendable {
        case accepted(User)
        /// Name or password is wrong, or the user is disabled: only the log is told which.
        case refused(SignInRefusal, Identifier<User>?)
        /// Not looked at: so many seconds to wait.
        case throttled(Int)
    }

    /// Looks at name and password, and counts what fails: for the pages and the JSON API alike.
    func signIn(
        _ name: String, _ password: String, devices: DeviceCookie, attempts: AttemptLimiter, _ request: Request
    ) async throws -> Attempt {
        let counters = try await counters(for: name, devices: devices, request)
        if let seconds = try await attempts.wait(for: counters) { return .throttled(seconds) }
        let verdict = try await verify(password, of: name)
        guard verdict.isRight, let user = verdict.named else {
            let known = verdict.named
            try await attempts.failed(counters, of: known?.id)
            Logger.current.notice("sign-in refused", metadata: ["factor": "password"])
            if counters.contains(where: { $0.rule == .address }) {
                try await attempts.spread.failed(name, of: known, from: request.remoteAddress)
            }
            return .refused(
                known.map { $0.isDisabled ? .disabled : .wrongCredential } ?? .unknownUser, known?.id)
        }
        try await attempts.succeeded(counters)
        Decision.note("Name and password are those of user \(user.id).")
        return .accepted(user)
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
