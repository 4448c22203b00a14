import FoundationEssentials
import IdentityProvider
import JOSE

struct SQLUsers: UserStore {
    let table: SQLTable

    private static let columns: SQLStatement = """
        id, username, email, is_email_verified, password_hash, claims, roles, is_disabled, created_at, updated_at,
        group_names, session_generation, password_mailed_at, attributes
        """
    /// Matches a row that still has the values of `standing`.
    private static let isUnchanged: SQLStatement = """
        issuer = ? AND id = ? AND is_disabled = 0 AND session_generation = ? AND COALESCE(password_hash, '') = ?
        """

    private static func standing(_ user: User, _ issuer: SQLValue) -> [SQLValue] {
        [issuer, .id(user.id), .integer(user.sessionGeneration), .text(user.passwordHash ?? "")]
    }

    /// Returns whether `user` is still enabled, has the same password, and has not been signed out everywhere since it
    /// was read. Updates the row rather than only reading it, so that a change on another node of a cluster conflicts
    /// (docs/decisions/0006).
    static func relies(on user: User, _ issuer: SQLValue, _ connection: any SQLConnection) throws -> Bool {
        try connection.execute(
            "UPDATE users SET relied_on = relied_on + 1 WHERE \(isUnchanged)", standing(user, issuer)) == 1
    }

    func find(_ id: Identifier<User>) async throws -> User? {
        try await table.query(
            "users.find", "SELECT \(Self.columns) FROM users WHERE issuer = ? AND id = ?", [table.key, .id(id)]
        ).first.map(Self.user)
    }

    func find(_ ids: Set<Identifier<User>>) async throws -> [User] {
        guard !ids.isEmpty else { return [] }
        let marks = ids.map { _ in "?" as SQLStatement }.joined()
        return try await table.query(
            "users.find_all", "SELECT \(Self.columns) FROM users WHERE issuer = ? AND id IN (\(marks))",
            [table.key] + ids.map { .id($0) }
        ).map(Self.user)
    }

    func find(named name: String) async throws -> User? {
        try await table.query(
            "users.find_named",
            """
            SELECT \(Self.columns) FROM user_names
                JOIN users ON users.issuer = user_names.issuer AND users.id = user_names.user_id
            WHERE user_names.issuer = ? AND user_names.name_key = ?
            """, [table.key, .text(User.key(of: name))]
        ).first.map(Self.user)
    }

    func list(after name: String?, limit: Int) async throws -> [User] {
        try await table.query(
            "users.list",
            """
            SELECT \(Self.columns) FROM users WHERE issuer = ? AND username_key > ? ORDER BY username_key LIMIT ?
            """, [table.key, .text(User.key(of: name ?? "")), .integer(limit)]
        ).map(Self.user)
    }

    func save(_ user: User) async throws {
        let issuer = table.key
        try await claimingNames("users.save") { connection in
            let isNew = try connection.save(
                update: """
                    UPDATE users SET username = ?, username_key = ?, email = ?, is_email_verified = ?,
                        password_hash = ?, claims = ?, roles = ?, is_disabled = ?, created_at = ?, updated_at = ?,
                        group_names = ?, attributes = ?
                    WHERE issuer = ? AND id = ?
                    """, insert: Self.insert, Self.values(user, issuer))
            if isNew {
                try Self.claimNames(of: user, issuer, connection)
            } else {
                try Self.replaceNames(of: user, issuer, connection)
            }
        }
    }

    func add(_ user: User, with authenticator: TOTPCredential?) async throws {
        let issuer = table.key
        try await claimingNames("users.add") { connection in
            try connection.execute(Self.insert, Self.values(user, issuer))
            try Self.claimNames(of: user, issuer, connection)
            if let authenticator { try SQLTOTPCredentials.save(authenticator, issuer, connection) }
        }
    }

    /// See `UpstreamLinkStore.add(_:with:)`.
    func add(_ user: User, with link: UpstreamLink) async throws -> Bool {
        let issuer = table.key
        do {
            try await claimingNames("users.add_with_link") { connection in
                try connection.execute(Self.insert, Self.values(user, issuer))
                try Self.claimNames(of: user, issuer, connection)
                guard try SQLUpstreamLinks.insert(link, issuer, connection) else { throw LinkTaken() }
            }
            return true
        } catch is LinkTaken { return false }
    }

    func update(_ stored: User, to user: User) async throws -> Bool {
        let issuer = table.key
        let renames = stored.username != user.username || stored.email != user.email
        var changes = ColumnChanges()
        changes.set("claims", from: .json(stored.claims), to: .json(user.claims))
        changes.set("attributes", from: .json(stored.attributes), to: .json(user.attributes))
        changes.set("roles", from: .json(stored.roles), to: .json(user.roles))
        changes.set("group_names", from: .json(stored.groups), to: .json(user.groups))
        changes.set("is_disabled", from: .flag(stored.isDisabled), to: .flag(user.isDisabled))
        // These change together: verification belongs to the address, and a user claims both names.
        if renames || stored.isEmailVerified != user.isEmailVerified {
            changes.setNames(from: stored, to: user)
            changes.require("is_email_verified", .flag(stored.isEmailVerified))
        }
        guard !changes.isEmpty else { return true }
        changes.assign("updated_at", .date(user.updatedAt))
        return try await claimingNames("users.update", seeing: .latest) { [changes] connection in
            guard try changes.update("users", issuer: issuer, id: .id(user.id), connection) else { return false }
            if renames { try Self.replaceNames(of: user, issuer, connection) }
            return true
        }
    }

    private static let insert: SQLStatement = """
        INSERT INTO users (username, username_key, email, is_email_verified, password_hash, claims, roles, is_disabled,
            created_at, updated_at, group_names, attributes, issuer, id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    private static func values(_ user: User, _ issuer: SQLValue) -> [SQLValue] {
        [
            .text(user.username), .text(User.key(of: user.username)), .text(user.email), .flag(user.isEmailVerified),
            .text(user.passwordHash), .json(user.claims), .json(user.roles), .flag(user.isDisabled),
            .date(user.createdAt), .date(user.updatedAt), .json(user.groups), .json(user.attributes), issuer,
            .id(user.id),
        ]
    }

    private func claimingNames<Result: Sendable>(
        _ name: String, seeing freshness: Freshness = .local,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        do { return try await table.write(name, seeing: freshness, body) } catch is UniqueViolation {
            throw NameTaken()
        }
    }

    /// Usernames and email addresses share one key space: a user can sign in with either, so neither may belong to
    /// another user.
    private static func claimNames(of user: User, _ issuer: SQLValue, _ connection: any SQLConnection) throws {
        let names = Set([user.username, user.email].compactMap(\.self).map(User.key))
        for name in names.sorted() {
            try connection.execute(
                "INSERT INTO user_names (issuer, name_key, user_id) VALUES (?, ?, ?)",
                [issuer, .text(name), .id(user.id)])
        }
    }

    private static func replaceNames(
        of user: User, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws {
        try connection.execute("DELETE FROM user_names WHERE issuer = ? AND user_id = ?", [issuer, .id(user.id)])
        try claimNames(of: user, issuer, connection)
    }

    func replacePasswordHash(of user: Identifier<User>, from old: String, with new: String) async throws -> Bool {
        try await table.execute(
            "users.replace_password_hash",
            "UPDATE users SET password_hash = ? WHERE issuer = ? AND id = ? AND password_hash = ?",
            [.text(new), table.key, .id(user), .text(old)]) == 1
    }

    func setPasswordHash(of user: User, to hash: String, mailedAt: Date?, at now: Date) async throws -> Bool {
        let values: [SQLValue] = [.text(hash), .date(mailedAt), .date(now)]
        let standing = Self.standing(user, table.key)
        return try await table.retryingWithLatest("users.change_password", until: \.self) { freshness in
            try await table.database.execute(
                freshness,
                """
                UPDATE users SET password_hash = ?, password_mailed_at = ?, updated_at = ? WHERE \(Self.isUnchanged)
                """, values + standing) == 1
        }
    }

    func replaceMembership(of user: Identifier<User>, from old: Membership, to new: Membership) async throws -> Bool {
        try await table.execute(
            "users.replace_membership",
            """
            UPDATE users SET roles = ?, group_names = ? WHERE issuer = ? AND id = ? AND roles = ? AND group_names = ?
            """,
            [.json(new.roles), .json(new.groups), table.key, .id(user), .json(old.roles), .json(old.groups)],
            seeing: .latest) == 1
    }

    func setPasswordHash(of user: Identifier<User>, to hash: String?, at now: Date) async throws {
        try await table.execute(
            "users.set_password_hash",
            """
            UPDATE users SET password_hash = ?, password_mailed_at = NULL, updated_at = ? WHERE issuer = ? AND id = ?
            """, [.text(hash), .date(now), table.key, .id(user)])
    }

    func setDisabled(_ user: Identifier<User>, to isDisabled: Bool, at now: Date) async throws {
        try await table.execute(
            "users.set_disabled", "UPDATE users SET is_disabled = ?, updated_at = ? WHERE issuer = ? AND id = ?",
            [.flag(isDisabled), .date(now), table.key, .id(user)])
    }

    func verifyEmail(_ email: String, of user: Identifier<User>, at now: Date) async throws {
        try await table.execute(
            "users.verify_email",
            "UPDATE users SET is_email_verified = 1, updated_at = ? WHERE issuer = ? AND id = ? AND email = ?",
            [.date(now), table.key, .id(user), .text(email)])
    }

    func changeProfile(of user: User, to claims: JSONObject, _ attributes: JSONObject, at now: Date) async throws
        -> Bool
    {
        try await table.execute(
            "users.change_profile",
            """
            UPDATE users SET claims = ?, attributes = ?, updated_at = ? WHERE issuer = ? AND id = ? AND updated_at = ?
            """,
            [.json(claims), .json(attributes), .date(now), table.key, .id(user.id), .date(user.updatedAt)]) == 1
    }

    func changeEmail(of user: User, to email: String, at now: Date) async throws -> Bool {
        var changed = user
        changed.email = email
        changed.isEmailVerified = true
        if user.email.map(User.key) == User.key(of: user.username) { changed.username = email }
        var changes = ColumnChanges()
        changes.setNames(from: user, to: changed)
        changes.assign("updated_at", .date(now))
        return try await claimingNames("users.change_email") { [changes, changed, issuer = table.key] connection in
            guard try changes.update("users", issuer: issuer, id: .id(user.id), connection) else { return false }
            try Self.replaceNames(of: changed, issuer, connection)
            return true
        }
    }

    /// See `SessionStore.endAll(byDeleting:)`.
    func delete(_ user: Identifier<User>, at now: Date) async throws -> [EndedSession] {
        let issuer = table.key
        return try await table.write("users.delete", seeing: .latest) { connection in
            let ended = try SQLSessions.endAll(of: user, issuer, at: now, connection)
            // Foreign keys cascade to everything else that belongs to the user.
            try connection.execute("DELETE FROM users WHERE issuer = ? AND id = ?", [issuer, .id(user)])
            return ended
        }
    }

    private static func user(_ row: SQLRow) throws -> User {
        User(
            id: try row.id(0), username: try row.text(1), email: try row.optionalText(2),
            isEmailVerified: try row.flag(3), passwordHash: try row.optionalText(4), claims: try row.object(5),
            attributes: try row.object(13),
            roles: try row.texts(6), groups: try row.texts(10), isDisabled: try row.flag(7),
            createdAt: try row.date(8), updatedAt: try row.date(9), sessionGeneration: try row.integer(11),
            passwordMailedAt: try row.optionalDate(12))
    }
}

extension ColumnChanges {
    /// Sets the username, and the email address with its verification state, unless either has changed since `stored`
    /// was read.
    fileprivate mutating func setNames(from stored: User, to user: User) {
        assign("username", .text(user.username))
        assign("username_key", .text(User.key(of: user.username)))
        assign("email", .text(user.email))
        assign("is_email_verified", .flag(user.isEmailVerified))
        require("username", .text(stored.username))
        require("email", .text(stored.email))
    }
}

/// Thrown to roll back when another user has the link.
private struct LinkTaken: Error {}
