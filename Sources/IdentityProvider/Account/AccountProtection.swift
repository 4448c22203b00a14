import FoundationEssentials
import Logging

/// What changes a user's credentials, with all that must follow from it.
struct AccountProtection: Sendable {
    let users: any UserStore
    let access: OpenAccess
    let recentFactors: RecentFactors
    let passwords: PasswordFactor
    let notices: AccountNotices
    let audit: AuditLog
    let now: @Sendable () -> Date

    /// Sets the password, ends whatever was open and tells the user. `isMailed` marks a reset by mail. Returns `false`, and
    /// changes nothing, when `user` has changed since it was read.
    func setPassword(_ hash: String, of user: User, isMailed: Bool, after request: Request) async throws -> Bool {
        guard try await users.setPasswordHash(of: user, to: hash, isMailed: isMailed, at: now()) else { return false }
        try await endEverything(of: user)
        await notices.passwordChanged(by: user.id, request)
        Logger.current.notice("password set", metadata: ["user": "\(user.id)"])
        return true
    }

    /// Puts a thief out: the password opens nothing any more, what was added to sign in with since `moment` is gone, and
    /// then all ends that was opened with either.
    func expelThief(from user: User, since moment: Date) async throws {
        try await users.setPasswordHash(of: user.id, to: nil, at: now())
        if user.passwordHash != nil { audit.record(.passwordWithdrawn, user: user.id) }
        try await recentFactors.remove(of: user.id, since: moment)
        try await endEverything(of: user)
        Logger.current.notice("a thief was expelled by the user", metadata: ["user": "\(user.id)"])
    }

    private func endEverything(of user: User) async throws {
        try await access.end(of: user.id)
        audit.record(.sessionsEnded, user: user.id)
    }
}
