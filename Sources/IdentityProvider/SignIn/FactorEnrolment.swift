import HTTPTypes

/// Sets up a factor that the rules demand, on the way to a session.
struct FactorEnrolment: Sendable {
    private let totp: TOTPEnrolment
    private let passkeys: PasskeyFactor
    private let attempts: AttemptLimiter
    private let audit: AuditLog
    private let notices: AccountNotices

    init(_ core: Core) {
        totp = TOTPEnrolment(core)
        passkeys = PasskeyFactor(core)
        attempts = AttemptLimiter(core)
        audit = core.audit
        notices = AccountNotices(core)
    }

    func offer(_ factors: [Factor], to user: User, on page: inout Page, _ request: Request) async throws {
        if factors.contains(.totp) {
            let carried = request.method == .post ? request.parameters["offer"] : nil
            page.data["totp"] = .object(try totp.describe(for: user, carrying: carried))
        }
        if factors.contains(.passkey) { try await passkeys.offer(on: &page, to: user, action: .enrol, request) }
    }

    /// The factor that the form sets up, which counts as shown; `nil` if the form does not prove it.
    func enrol(_ factor: Factor, by user: User, _ request: Request) async throws -> ShownFactor? {
        let shown = try await attempts.enrolment(of: factor, by: user) { try await confirm(factor, by: user, request) }
        if let shown { await notices.added(shown.factor, by: user.id, request) }
        return shown
    }

    private func confirm(_ factor: Factor, by user: User, _ request: Request) async throws -> ShownFactor? {
        switch factor {
        case .totp:
            guard try await totp.confirm(request, by: user) != nil else { return nil }
            audit.record(.factorEnrolled(.totp), user: user.id)
            return .totp
        case .passkey:
            let name = Passkey.name(typed: request.parameters["name"])
            return try await passkeys.enrol(request, for: user, named: name)?.shown
        case .password, .emailCode, .recoveryCode: return nil
        }
    }
}

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
