import Authenticators
import FoundationEssentials
import JOSE

extension Administration {
    func applyUsers(_ wanted: [UserDocument], isPlan: Bool, prunes: Bool) async throws -> [Change] {
        var changes: [Change] = []
        for document in wanted {
            if let change = try await apply(document, isPlan: isPlan) { changes.append(change) }
        }
        guard prunes else { return changes }
        let names = Set(wanted.map { User.key(of: $0.username) })
        try await forEachUser { user in
            guard !names.contains(User.key(of: user.username)) else { return }
            changes.append(Change(.delete, "user", user.username))
            if !isPlan { try await remove(user) }
        }
        return changes
    }

    /// Creates or updates one user. Compares again if the account changed concurrently.
    private func apply(_ document: UserDocument, isPlan: Bool) async throws -> Change? {
        for _ in 0..<Self.attempts {
            guard let stored = try await stores.users.find(named: document.username) else {
                let isDone = if isPlan { true } else { try await insert(document) }
                if isDone { return Change(.create, "user", document.username, document.differences) }
                continue
            }
            var wanted = document.applied(to: stored)
            let differences = MemberDifference.all(from: stored.document, to: wanted.document)
            guard !differences.isEmpty else { return nil }
            wanted.updatedAt = now()
            let isDone = if isPlan { true } else { try await update(stored, to: wanted) }
            if isDone { return Change(.update, "user", document.username, differences) }
        }
        throw OAuthError.unavailable(retryAfter: 2)
    }

    private func update(_ stored: User, to user: User) async throws -> Bool {
        guard try await stores.users.update(stored, to: user) else { return false }
        recordMembership(of: user.id, from: stored.membership, to: user.membership)
        if user.isDisabled != stored.isDisabled {
            audit.record(.accountEnabled(!user.isDisabled), user: user.id, by: actor)
        }
        if user.isDisabled { try await sessionEnd.endAll(of: user.id, because: .accountDisabled) }
        return true
    }

    /// Returns `false` if another node, such as one that applies the same file, was first. Throws `NameTaken`.
    private func insert(_ document: UserDocument) async throws -> Bool {
        do { try await add(document) } catch let taken as NameTaken {
            guard try await stores.users.find(named: document.username) != nil else { throw taken }
            return false
        }
        return true
    }

    /// Creates a user. Throws `NameTaken`.
    package func create(_ document: UserDocument) async throws {
        guard try await stores.users.find(named: document.username) == nil else { throw NameTaken() }
        let user = try await add(document)
        audit.record(.accountCreated(.administration), user: user.id, by: actor)
    }

    /// Stores a user with the document's credentials. Later applications of the file leave the credentials alone,
    /// because they belong to the user by then.
    @discardableResult
    private func add(_ document: UserDocument) async throws -> User {
        let moment = now()
        var user = document.applied(to: User(username: document.username, createdAt: moment, updatedAt: moment))
        user.passwordHash = document.passwordHash
        if let password = document.password { user.passwordHash = try await passwords.hash(password).text }
        let authenticator = try document.totpSecret.map { secret in
            TOTPCredential(
                id: .of(secret, user.id, digester), user: user.id, name: "Authenticator",
                sealedSecret: try sealer.seal(secret, for: .oneTimePasswordSecret), createdAt: moment)
        }
        try await stores.users.add(user, with: authenticator)
        recordMembership(of: user.id, from: Membership(), to: user.membership)
        return user
    }

    /// Returns the users whose password is not the one in `resources`, which `apply` sets only for new users. Computes
    /// a password hash for each.
    package func usersWithOtherPasswords(
        _ resources: ResourceSet, where isIncluded: (_ username: String) -> Bool = { _ in true }
    ) async throws -> [String] {
        var names: [String] = []
        for document in resources.users where isIncluded(document.username) {
            guard let password = document.password, let user = try await stores.users.find(named: document.username)
            else { continue }
            let hash = user.passwordHash.flatMap { try? PasswordHash(parsing: $0) }
            if let hash, try await passwords.matches(password, hash) { continue }
            names.append(document.username)
        }
        return names
    }

    package func setPassword(_ password: String, of user: User) async throws {
        let hash = try await passwords.hash(password)
        try await stores.users.setPasswordHash(of: user.id, to: hash.text, at: now())
        audit.record(.passwordChanged, user: user.id, by: actor)
        // Someone who knew the old password may have signed in with it.
        try await sessionEnd.endAll(of: user.id, because: .passwordChanged)
        await notices.tell(.passwordChanged(user.id))
    }

    /// Clears the failed attempts that lock a user out. Returns whether there were any.
    package func unlock(_ user: User) async throws -> Bool {
        guard try await stores.attempts.forget(AttemptCounter.all(of: user).map { $0.key(digester) }) else {
            return false
        }
        audit.record(.accountUnlocked, user: user.id, by: actor)
        return true
    }

    /// Returns the failed attempts that delay or lock out sign-ins of `user` from unknown browsers; `nil` if there are
    /// none.
    package func lockout(of user: User) async throws -> Lockout? {
        let counters = AttemptCounter.all(of: user)
        let failures = try await stores.attempts.failures(of: counters.map { $0.key(digester) }, at: now())
        let counted = counters.compactMap { counter in
            failures[counter.key(digester)].map { Lockout($0, under: counter.rule, at: now()) }
        }
        return counted.max { ($0.until ?? .distantPast, $0.failures) < ($1.until ?? .distantPast, $1.failures) }
    }

    /// Disables or enables a user. Disabling ends the user's sessions and authorizations;
    /// enabling does not restore them.
    package func setDisabled(_ isDisabled: Bool, _ user: User) async throws {
        try await stores.users.setDisabled(user.id, to: isDisabled, at: now())
        audit.record(.accountEnabled(!isDisabled), user: user.id, by: actor)
        if isDisabled { try await sessionEnd.endAll(of: user.id, because: .accountDisabled) }
    }

    /// Deletes a user and all their data, except audit records, which stay until their retention ends.
    package func remove(_ user: User) async throws {
        try await sessionEnd.endAll(byDeleting: user.id)
        audit.record(.accountDeleted, user: user.id, by: actor)
    }

    /// Signs a user out everywhere.
    package func endSessions(of user: User) async throws {
        try await sessionEnd.endAll(of: user.id, because: .administrator)
        audit.record(.sessionsEnded, user: user.id, by: actor)
    }

    /// Reads one page of users at a time, because all of them may not fit in memory.
    func forEachUser(_ body: (User) async throws -> Void) async throws {
        var last: String?
        while case let page = try await stores.users.list(after: last, limit: 500), !page.isEmpty {
            for user in page { try await body(user) }
            last = page.last?.username
        }
    }
}

extension User {
    /// The user as their entry in a resource file, without credentials.
    fileprivate var document: JSONObject {
        var document: JSONObject = ["username": .string(username)]
        document["email"] = email.map(JSON.string)
        document["email_verified"] = .bool(isEmailVerified)
        document["roles"] = .array(roles.map(JSON.string))
        document["groups"] = .array(groups.map(JSON.string))
        document["disabled"] = .bool(isDisabled)
        document.merge(claims)
        for (name, value) in attributes.members { document["attributes.\(name)"] = value }
        return document
    }
}

extension UserDocument {
    /// What the file says about a new user.
    fileprivate var differences: [MemberDifference] {
        var document: JSONObject = [:]
        document["email"] = email.map(JSON.string)
        document["email_verified"] = isEmailVerified.map(JSON.bool)
        document["roles"] = roles.map { .array($0.map(JSON.string)) }
        document["groups"] = groups.map { .array($0.map(JSON.string)) }
        document["disabled"] = isDisabled.map(JSON.bool)
        document.merge(claims)
        for (name, value) in attributes.members { document["attributes.\(name)"] = value }
        let credentials = [
            ("password", password != nil), ("password_hash", passwordHash != nil), ("totp_secret", totpSecret != nil),
        ]
        return MemberDifference.all(from: nil, to: document)
            + credentials.filter(\.1).map { MemberDifference($0.0, from: nil, to: nil) }
    }
}
