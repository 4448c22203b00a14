import FoundationEssentials
import Logging

/// Changes a user's password, with all the consequences.
struct AccountProtection: Sendable {
    let users: any UserStore
    let sessionEnd: SessionEnd
    let passwords: PasswordFactor
    let notices: AccountNotices
    let audit: AuditLog
    let now: @Sendable () -> Date

    init(_ core: Core) {
        users = core.stores.users
        sessionEnd = SessionEnd(core)
        passwords = core.passwords
        notices = AccountNotices(core)
        audit = core.audit
        now = core.now
    }

    /// Sets the password, ends all sessions and notifies the user. `mailedAt` is when the password was last reset by
    /// email. Returns `false`, and changes nothing, if `user` has changed since it was read.
    func setPassword(
        _ hash: String, of user: User, mailedAt: Date?, because reason: SessionEndReason, after request: Request
    ) async throws -> Bool {
        guard try await users.setPasswordHash(of: user, to: hash, mailedAt: mailedAt, at: now()) else { return false }
        try await endEverything(of: user, because: reason)
        await notices.passwordChanged(by: user.id, request)
        Logger.current.notice("password changed", metadata: ["user": "\(user.id)"])
        return true
    }

    /// Locks an intruder out: removes the password and ends all sessions. Factors remain.
    func shut(_ user: User) async throws {
        try await users.setPasswordHash(of: user.id, to: nil, at: now())
        if user.passwordHash != nil { audit.record(.passwordWithdrawn, user: user.id) }
        try await endEverything(of: user, because: .notMe)
        Logger.current.notice("account locked by its user", metadata: ["user": "\(user.id)"])
    }

    private func endEverything(of user: User, because reason: SessionEndReason) async throws {
        try await sessionEnd.endAll(of: user.id, because: reason)
        audit.record(.sessionsEnded, user: user.id)
    }
}
