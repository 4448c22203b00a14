import FoundationEssentials

/// Gives users a new set of recovery codes and shows it, once.
struct RecoveryCodeSet: Sendable {
    private let factor: RecoveryCodeFactor
    private let notices: AccountNotices
    private let audit: AuditLog
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        factor = RecoveryCodeFactor(core)
        notices = AccountNotices(core)
        audit = core.audit
        now = core.now
    }

    /// Whether `user` has no codes, and should get some with their second factor.
    func isMissing(for user: User) async throws -> Bool { try await !factor.isEnrolled(user) }

    /// Replaces the user's codes and shows the new ones on `page`. Throws if `user` has changed since it was read.
    func renew(for user: User, on page: inout Page, _ request: Request) async throws {
        let codes = try await factor.renew(for: user, at: now())
        audit.record(.recoveryCodesMade(count: codes.count), user: user.id)
        await notices.added(.recoveryCode, by: user.id, request)
        page.data["codes"] = .list(codes.map { .object(["code": .text($0)]) })
        page.data["has_codes"] = true
    }
}
