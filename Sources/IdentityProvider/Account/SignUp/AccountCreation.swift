import Authenticators
import FoundationEssentials
import JOSE
import Logging

/// Creates the accounts that users sign up for.
struct AccountCreation: Sendable {
    private let users: any UserStore
    private let passwords: PasswordFactor
    /// The site's name, which can't be a password.
    private let site: String
    private let audit: AuditLog
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        users = core.stores.users
        passwords = core.passwords
        site = core.settings.name
        audit = core.audit
        now = core.now
    }

    func isTaken(_ name: String) async throws -> Bool { try await users.find(named: name) != nil }

    /// Checks a password. `names` belong to the account and can't be its password.
    func password(_ typed: String, names: [String?]) throws(PasswordRefusal) -> NewPassword {
        try NewPassword(typed, names: (names + [site]).compactMap(\.self))
    }

    func hash(_ password: NewPassword) async throws -> PasswordHash { try await passwords.hash(password.text) }

    /// Creates the account. `email` is a verified address. Throws `NameTaken` if another account has the username or
    /// address.
    func create(
        _ username: String, email: String? = nil, _ password: PasswordHash, claims: JSONObject, origin: AccountOrigin,
        by client: Identifier<Client>? = nil
    ) async throws -> User {
        let moment = now()
        let user = User(
            username: username, email: email, isEmailVerified: email != nil, passwordHash: password.text,
            claims: claims, createdAt: moment, updatedAt: moment)
        try await users.save(user)
        if origin == .invitation { audit.record(.invitationAccepted, user: user.id) }
        audit.record(.accountCreated(origin), user: user.id, client: client)
        Logger.current.info("signed up", metadata: ["user": "\(user.id)"])
        return user
    }
}
