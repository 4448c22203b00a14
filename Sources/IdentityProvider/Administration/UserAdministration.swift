import Authenticators
import JOSE

extension Administration {
    func applyUsers(_ wanted: [UserDocument], isPlan: Bool, prunes: Bool) async throws -> [Change] {
        var changes: [Change] = []
        for document in wanted {
            let stored = try await stores.users.find(named: document.username)
            do {
                if let change = try await apply(document, over: stored, isPlan: isPlan) { changes.append(change) }
            } catch let taken as NameTaken {
                // Another node may apply the same file, and have been first.
                guard stored == nil, let stored = try await stores.users.find(named: document.username) else {
                    throw taken
                }
                if let change = try await apply(document, over: stored, isPlan: isPlan) { changes.append(change) }
            }
        }
        guard prunes else { return changes }
        let names = Set(wanted.map { User.key(of: $0.username) })
        try await forEachUser { user in
            guard !names.contains(User.key(of: user.username)) else { return }
            changes.append(Change(.delete, "user", user.username))
            if !isPlan { try await stores.users.delete(user.id) }
        }
        return changes
    }

    private func apply(_ document: UserDocument, over stored: User?, isPlan: Bool) async throws -> Change? {
        let members = try await differences(document, stored)
        guard stored == nil || !members.isEmpty else { return nil }
        if !isPlan { try await save(document, over: stored, changed: members) }
        return Change(
            stored == nil ? .create : .update, "user", document.username, members: stored == nil ? [] : members)
    }

    /// Stores a new user.
    package func create(_ document: UserDocument) async throws {
        guard try await stores.users.find(named: document.username) == nil else { throw NameTaken() }
        try await save(document, over: nil, changed: try await differences(document, nil))
        let user = try await stores.users.find(named: document.username)
        audit.record(.accountCreated(.administration), user: user?.id, by: actor)
    }

    package func setPassword(_ password: String, of user: User) async throws {
        let hash = try await passwords.hash(password)
        try await stores.users.setPasswordHash(of: user.id, to: hash.text, at: now())
        audit.record(.passwordChanged, user: user.id, by: actor)
        // Whoever knew the old one may have got in with it.
        try await access.end(of: user.id)
        await notices.tell(.passwordChanged(user.id))
    }

    /// Forgets the failures that lock a user out. Returns whether there were any.
    package func unlock(_ user: User) async throws -> Bool {
        guard try await stores.attempts.forget(AttemptCounter.all(of: user).map { $0.key(digester) }) else {
            return false
        }
        audit.record(.accountUnlocked, user: user.id, by: actor)
        return true
    }

    /// A disabled user is signed out everywhere, and nothing that they granted comes back when they are enabled again.
    package func setDisabled(_ isDisabled: Bool, _ user: User) async throws {
        try await stores.users.setDisabled(user.id, to: isDisabled, at: now())
        audit.record(.accountEnabled(!isDisabled), user: user.id, by: actor)
        if isDisabled { try await access.end(of: user.id) }
    }

    /// Removes a user with all that is theirs; what was recorded of them stays until its age.
    package func remove(_ user: User) async throws {
        try await stores.users.delete(user.id)
        audit.record(.accountDeleted, user: user.id, by: actor)
    }

    /// Signs a user out everywhere.
    package func endSessions(of user: User) async throws {
        try await stores.sessions.endAll(of: user.id, at: now())
        audit.record(.sessionsEnded, user: user.id, by: actor)
    }

    /// A page at a time: there may be more people than memory holds.
    func forEachUser(_ body: (User) async throws -> Void) async throws {
        var last: String?
        while case let page = try await stores.users.list(after: last, limit: 500), !page.isEmpty {
            for user in page { try await body(user) }
            last = page.last?.username
        }
    }

    /// The members of `document` that differ from what is stored. What the file does not say of credentials stays.
    private func differences(_ document: UserDocument, _ stored: User?) async throws -> [String] {
        var members: [String] = []
        if stored?.username != document.username { members.append("username") }
        if stored?.email != document.email { members.append("email") }
        if stored?.isEmailVerified != document.isEmailVerified { members.append("email_verified") }
        if stored?.roles != document.roles { members.append("roles") }
        if stored?.groups ?? [] != document.groups { members.append("groups") }
        if stored?.isDisabled != document.isDisabled { members.append("disabled") }
        let old = stored?.claims ?? [:]
        members += Scope(old.names + document.claims.names).values.filter { old[$0] != document.claims[$0] }
        if let password = document.password, try await !isPassword(password, of: stored) { members.append("password") }
        if let hash = document.passwordHash, stored?.passwordHash != hash { members.append("password_hash") }
        if let secret = document.totpSecret, try await !hasTOTP(secret, stored) { members.append("totp_secret") }
        return members
    }

    private func isPassword(_ password: String, of user: User?) async throws -> Bool {
        guard let hash = user?.passwordHash, let hash = try? PasswordHash(parsing: hash) else { return false }
        return try await passwords.matches(password, hash)
    }

    private func hasTOTP(_ secret: [UInt8], _ user: User?) async throws -> Bool {
        guard let user else { return false }
        return try await stores.totpCredentials.credentials(of: user.id).contains { credential in
            (try? sealer.open(credential.sealedSecret, for: .oneTimePasswordSecret)) == secret
        }
    }

    private func save(_ document: UserDocument, over stored: User?, changed: [String]) async throws {
        let moment = now()
        var user = stored ?? User(username: document.username, createdAt: moment, updatedAt: moment)
        user.username = document.username
        user.email = document.email
        user.isEmailVerified = document.isEmailVerified
        user.claims = document.claims
        user.roles = document.roles
        user.groups = document.groups
        user.isDisabled = document.isDisabled
        user.updatedAt = moment
        if changed.contains("password"), let password = document.password {
            user.passwordHash = try await passwords.hash(password).text
        }
        if let hash = document.passwordHash { user.passwordHash = hash }
        try await stores.users.save(user)
        recordMembership(of: user.id, from: stored?.membership ?? Membership(), to: user.membership)
        if changed.contains("totp_secret"), let secret = document.totpSecret {
            try await stores.totpCredentials.save(
                TOTPCredential(
                    id: .of(secret, user.id, digester), user: user.id, name: "Authenticator",
                    sealedSecret: try sealer.seal(secret, for: .oneTimePasswordSecret), createdAt: moment), by: nil)
        }
        if stored != nil, user.isDisabled || changed.contains("password") || changed.contains("password_hash") {
            try await access.end(of: user.id)
        }
    }
}
