import Authenticators
import FoundationEssentials

/// A recovery code: one of a set of ten that the user saw once. Each works once.
struct RecoveryCodeFactor: SecondFactor {
    let codes: any RecoveryCodeStore
    let digester: SecretDigester
    let audit: AuditLog
    let factor = Factor.recoveryCode
    static let count = 10

    init(_ core: Core) {
        codes = core.stores.recoveryCodes
        digester = core.digester
        audit = core.audit
    }

    func isEnrolled(_ user: User) async throws -> Bool { try await codes.count(of: user.id) > 0 }

    func verify(_ request: Request, of user: User) async throws -> ShownFactor? {
        guard let code = RecoveryCodeText(typed: request.parameters["code"] ?? "") else { return nil }
        // Read before the code is consumed, which may be the last of its set.
        let madeAt = try await codes.madeAt(of: user.id)
        let digests = digester.digests(code.characters, of: RecoveryCode.self)
        guard try await codes.consume(digests, of: user.id) else { return nil }
        audit.record(.recoveryCodeUsed(remaining: try await codes.count(of: user.id)), user: user.id)
        return .recoveryCode.added(at: madeAt)
    }

    /// Replaces the user's codes with a new set and returns it, to be shown once. Throws if `user` has changed since it
    /// was read.
    func renew(for user: User, at now: Date) async throws -> [String] {
        let set = (0..<Self.count).map { _ in RecoveryCodeText(random: RandomBytes.make(10)) }
        guard try await codes.replace(set.map(digest), of: user, at: now) else { throw OAuthError.interactionLost }
        return set.map(\.text)
    }

    private func digest(_ code: RecoveryCodeText) -> SecretDigest<RecoveryCode> {
        digester.digest(code.characters, of: RecoveryCode.self)
    }
}
