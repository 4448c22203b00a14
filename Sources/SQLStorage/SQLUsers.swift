import FoundationEssentials
import IdentityProvider
import JOSE

struct SQLUsers: UserStore {
    let table: SQLTable

    private static let columns: SQLStatement = """
        id, username, email, is_email_verified, password_hash, claims, roles, is_disabled, created_at, updated_at,
        group_names, session_generation, password_mailed_at
        """
    /// Whether a row still is as `standing` says.
    private static let isUnchanged: SQLStatement = """
        issuer = ? AND id = ? AND is_disabled = 0 AND session_generation = ? AND COALESCE(password_hash, '') = ?
        """

    private static func standing(_ user: User, _ issuer: SQLValue) -> [SQLValue] {
        [issuer, .id(user.id), .integer(user.sessionGeneration), .text(user.passwordHash ?? "")]
    }

    /// Whether `user` is still enabled, with the same password, and was not signed out everywhere since it was read. The row
    /// is changed, not only looked at: a change of it on another node of a cluster conflicts (docs/decisions/0006).
    static func relies(on user: User, _ issuer: SQLValue, _ connection: any SQLConnection) throws -> Bool {
        try connection.execute(
            "UPDATE users SET relied_on = relied_on + 1 WHERE \(isUnchanged)", standing(user, issuer)) == 1
    }

    func find(_ id: Identifier<User>) async throws -> User? {
        try await table.query(
            "users.find", "SELECT \(Self.columns) FROM users WHERE issuer = ? AND id = ?", [table.key, .id(id)]
        ).first.map(Self.user)
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
        let usernameKey = User.key(of: user.username)
        // Names and addresses share one key: either opens the sign-in page, so neither may be another's.
        let names = Set([usernameKey] + (user.email.map { [User.key(of: $0)] } ?? []))
        let values: [SQLValue] = [
            .text(user.username), .text(usernameKey), .text(user.email), .flag(user.isEmailVerified),
            .text(user.passwordHash), .json(user.claims), .json(user.roles), .flag(user.isDisabled),
            .date(user.createdAt), .date(user.updatedAt), .json(user.groups), issuer, .id(user.id),
        ]
        do {
            try await table.write("users.save") { connection in
                let isNew = try connection.save(
                    update: """
                        UPDATE users SET username = ?, username_key = ?, email = ?, is_email_verified = ?,
                            password_hash = ?, claims = ?, roles = ?, is_disabled = ?, created_at = ?, updated_at = ?,
                            group_names = ?
                        WHERE issuer = ? AND id = ?
                        """,
                    insert: """
                        INSERT INTO users (username, username_key, email, is_email_verified, password_hash, claims,
                            roles, is_disabled, created_at, updated_at, group_names, issuer, id)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                        """, values)
                if !isNew {
                    try connection.execute(
                        "DELETE FROM user_names WHERE issuer = ? AND user_id = ?", [issuer, .id(user.id)])
                }
                for name in names.sorted() {
                    try connection.execute(
                        "INSERT INTO user_names (issuer, name_key, user_id) VALUES (?, ?, ?)",
                        [issuer, .text(name), .id(user.id)])
                }
            }
        } catch is UniqueViolation {
            throw NameTaken()
        }
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
        return try await table.settle("users.change_password", until: \.self) { freshness in
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

    func changeClaims(of user: User, to claims: JSONObject, at now: Date) async throws -> Bool {
        try await table.execute(
            "users.change_claims",
            "UPDATE users SET claims = ?, updated_at = ? WHERE issuer = ? AND id = ? AND updated_at = ?",
            [.json(claims), .date(now), table.key, .id(user.id), .date(user.updatedAt)]) == 1
    }

    func changeEmail(of user: User, to email: String, at now: Date) async throws -> Bool {
        let issuer = table.key
        let isNamedByIt = user.email.map(User.key) == User.key(of: user.username)
        let username = isNamedByIt ? email : user.username
        let names = Set([User.key(of: username), User.key(of: email)])
        do {
            return try await table.write("users.change_email") { connection in
                let changed = try connection.execute(
                    """
                    UPDATE users SET email = ?, is_email_verified = 1, username = ?, username_key = ?, updated_at = ?
                    WHERE issuer = ? AND id = ? AND username = ? AND COALESCE(email, '') = ?
                    """,
                    [
                        .text(email), .text(username), .text(User.key(of: username)), .date(now), issuer, .id(user.id),
                        .text(user.username), .text(user.email ?? ""),
                    ])
                guard changed == 1 else { return false }
                try connection.execute(
                    "DELETE FROM user_names WHERE issuer = ? AND user_id = ?", [issuer, .id(user.id)])
                for name in names.sorted() {
                    try connection.execute(
                        "INSERT INTO user_names (issuer, name_key, user_id) VALUES (?, ?, ?)",
                        [issuer, .text(name), .id(user.id)])
                }
                return true
            }
        } catch is UniqueViolation {
            throw NameTaken()
        }
    }

    func delete(_ user: Identifier<User>) async throws {
        try await table.execute(
            "users.delete", "DELETE FROM users WHERE issuer = ? AND id = ?", [table.key, .id(user)], seeing: .latest)
    }

    private static func user(_ row: SQLRow) throws -> User {
        User(
            id: try row.id(0), username: try row.text(1), email: try row.optionalText(2),
            isEmailVerified: try row.flag(3), passwordHash: try row.optionalText(4), claims: try row.object(5),
            roles: try row.texts(6), groups: try row.texts(10), isDisabled: try row.flag(7),
            createdAt: try row.date(8), updatedAt: try row.date(9), sessionGeneration: try row.integer(11),
            passwordMailedAt: try row.optionalDate(12))
    }
}
