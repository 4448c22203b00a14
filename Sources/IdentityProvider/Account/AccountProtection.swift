import FoundationEssentials
import Logging

/// What changes a user's credentials, with all that must follow from it.
struct AccountProtection: Sendable {
    let users: any UserStore
    let sessions: any SessionStore
    let devices: any DeviceStore
    let authorizations: any AuthorizationStore
    let passwords: PasswordFactor
    let notices: AccountNotices
    let audit: AuditLog
    let now: @Sendable () -> Date

    /// Sets the password, ends whatever was open and tells the user.
    func setPassword(_ hash: String, of user: User, after request: Request) async throws {
        try await users.setPasswordHash(of: user.id, to: hash, at: now())
        try await endEverything(of: user)
        await notices.passwordChanged(by: user.id, request)
        Logger.current.notice("password set", metadata: ["user": "\(user.id)"])
    }

    /// Ends every session and revokes all that was granted, offline access, too: whoever got in is out.
    func endEverything(of user: User) async throws {
        try await sessions.endAll(of: user.id, at: now())
        try await authorizations.revoke(user: user.id, at: now())
        // A browser that stands in for the second factor may be the thief's.
        try await devices.forgetAll(of: user.id)
        audit.record(.sessionsEnded, user: user.id)
    }

    /// The old password opens nothing any more.
    func withdrawPassword(of user: User) async throws {
        try await users.setPasswordHash(of: user.id, to: nil, at: now())
        try await endEverything(of: user)
        Logger.current.notice("password withdrawn by its user", metadata: ["user": "\(user.id)"])
    }
}
