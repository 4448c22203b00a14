import HTTPTypes

/// Enrolls a factor that the policy requires, in the middle of a sign-in.
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

    /// Enrolls `factor` from the form and returns it as shown, or `nil` if the form does not prove possession.
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
        case .password, .upstream, .emailCode, .recoveryCode, .accessCode: return nil
        }
    }
}

extension AttemptLimiter {
    /// Runs `enrol` and counts a failure as a failed second factor: a user who has the app or security key at hand
    /// doesn't need many attempts. Success does not reset the counter, because it proves nothing about existing
    /// factors.
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
