import Logging

/// Signs users in with username and password, on the page and through the JSON API. Counts failures and records
/// refusals.
struct PasswordSignIn: Sendable {
    private let passwords: PasswordFactor
    private let devices: DeviceCookie
    private let attempts: AttemptLimiter
    private let signIn: SignIn
    private let audit: AuditLog

    init(_ core: Core, signIn: SignIn) {
        passwords = core.passwords
        devices = DeviceCookie(core)
        attempts = AttemptLimiter(core)
        self.signIn = signIn
        audit = core.audit
    }

    enum Attempt: Sendable {
        /// The sign-in got this far; never `SignIn.Outcome.refused`.
        case accepted(User, SignIn.Outcome)
        /// Wrong username or password, a disabled user, or a sign-in refused as too risky. Only the audit log says
        /// which.
        case refused
        /// Not checked.
        case throttled(AttemptPause)
    }

    /// Verifies the credentials and advances the sign-in. `destination` is evaluated only if the password is correct.
    /// `client` is named in the audit log.
    func attempt(
        _ name: String, _ password: String, toward destination: @autoclosure () async throws -> SignIn.Destination,
        for client: Identifier<Client>?, _ request: Request
    ) async throws -> Attempt {
        let counters = try await counters(for: name, request)
        if let pause = try await attempts.wait(for: counters) {
            audit.record(.signInRefused(pause.refusal, .password), client: client)
            return .throttled(pause)
        }
        let verdict = try await passwords.verify(password, of: name)
        let reason: SignInRefusal
        if verdict.isRight, let user = verdict.named {
            Decision.note("Username and password match user \(user.id).")
            let outcome = try await signIn.advance(
                nil, with: .password, by: user, toward: destination(), in: request)
            guard case .refused = outcome else {
                try await attempts.succeeded(counters)
                return .accepted(user, outcome)
            }
            // Counted as a wrong password, so that the next wait doesn't reveal that it was right.
            reason = .suspicious
        } else {
            reason = verdict.named.map { $0.isDisabled ? .disabled : .wrongCredential } ?? .unknownUser
        }
        try await attempts.failed(counters, of: verdict.named?.id)
        var values: Logger.Metadata = ["route": "\(request.path)", "factor": "password"]
        values["client_id"] = client.map { "\($0)" }
        Logger.current.notice("sign-in refused", metadata: values)
        if counters.contains(where: { $0.rule == .address }) {
            try await attempts.spread.failed(name, of: verdict.named, from: request.remoteAddress)
        }
        audit.record(.signInRefused(reason, .password), user: verdict.named?.id, client: client)
        return .refused
    }

    /// A browser in which the user signed in before has its own counter, so that an attacker elsewhere can't lock the
    /// user out of it.
    private func counters(for name: String, _ request: Request) async throws -> [AttemptCounter] {
        if devices.isPresent(in: request), let user = try await passwords.find(name),
            let device = try await devices.device(of: user, in: request)
        {
            return [.account(on: device)]
        }
        return [.account(name), .address(request.remoteAddress)]
    }
}
