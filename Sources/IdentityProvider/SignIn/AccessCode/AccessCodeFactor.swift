import Authenticators
import FoundationEssentials

/// An access code: an operator gives it to a user who lost every other second factor. It works once, for a short time,
/// next to the password, and the sign-in counts only after the user has enrolled a new factor (`SignInPolicy`).
struct AccessCodeFactor: SecondFactor {
    let codes: any RecoveryCodeStore
    let digester: SecretDigester
    let audit: AuditLog
    let now: @Sendable () -> Date
    let factor = Factor.accessCode

    init(_ core: Core) {
        codes = core.stores.recoveryCodes
        digester = core.digester
        audit = core.audit
        now = core.now
    }

    func isEnrolled(_ user: User) async throws -> Bool {
        try await codes.accessCodeExpiry(of: user.id).map { now() < $0 } ?? false
    }

    func verify(_ request: Request, of user: User) async throws -> ShownFactor? {
        guard let code = RecoveryCodeText(typed: request.parameters["code"] ?? "") else { return nil }
        let digests = digester.digests(code.characters, of: AccessCode.self)
        guard try await codes.consumeAccessCode(digests, of: user.id, at: now()) else { return nil }
        audit.record(.accessCodeUsed, user: user.id)
        return .accessCode
    }

    /// Replaces the user's access code and returns the new one, to be shown once. Throws if `user` is disabled or has
    /// changed since it was read.
    func renew(for user: User, until expiry: Date) async throws -> String {
        let code = RecoveryCodeText(random: RandomBytes.make(10))
        let digest = digester.digest(code.characters, of: AccessCode.self)
        guard try await codes.replaceAccessCode(digest, of: user, until: expiry, at: now()) else {
            throw OAuthError.interactionLost
        }
        return code.text
    }
}
