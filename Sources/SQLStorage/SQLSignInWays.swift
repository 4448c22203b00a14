import FoundationEssentials
import IdentityProvider

/// The ways of one user to begin a sign-in, read in a unit of work that removes one of them.
struct SQLSignInWays {
    let passkeys: [Identifier<Passkey>]
    /// The authority of each link.
    let links: [Identifier<UpstreamLink>: Identifier<UpstreamAuthority>]
    /// A password, each passkey, and each link to one of the usable authorities.
    let count: Int

    init(
        of user: Identifier<User>, usable: [Identifier<UpstreamAuthority>], _ issuer: SQLValue,
        at moment: Date, _ connection: any SQLConnection
    ) throws {
        // Updates the user's row first, so that concurrent removals serialize and the second sees what the first did.
        // A read would not be enough, because the nodes of a cluster share no locks and detect only conflicting writes.
        try connection.execute(
            """
            UPDATE users SET updated_at = CASE WHEN updated_at < ? THEN ? ELSE updated_at + 1 END
            WHERE issuer = ? AND id = ?
            """, [.date(moment), .date(moment), issuer, .id(user)])
        passkeys = try connection.query(
            "SELECT id FROM passkeys WHERE issuer = ? AND user_id = ?", [issuer, .id(user)]
        ).map { try $0.id(0) }
        let rows = try connection.query(
            "SELECT id, authority FROM upstream_links WHERE issuer = ? AND user_id = ?", [issuer, .id(user)])
        links = Dictionary(uniqueKeysWithValues: try rows.map { (try $0.id(0), try $0.id(1)) })
        let passwords = try connection.query(
            "SELECT 1 FROM users WHERE issuer = ? AND id = ? AND password_hash IS NOT NULL", [issuer, .id(user)])
        count = passwords.count + passkeys.count + links.values.filter(usable.contains).count
    }
}
