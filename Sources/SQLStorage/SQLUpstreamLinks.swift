import FoundationEssentials
import IdentityProvider

struct SQLUpstreamLinks: UpstreamLinkStore {
    let table: SQLTable

    private static let columns: SQLStatement =
        "id, upstream_id, authority, subject, user_id, label, created_at, last_used_at, sealed_tokens"

    /// Links of one user.
    private static let maximumCount = 20

    func find(_ authority: Identifier<UpstreamAuthority>, subject: String) async throws -> UpstreamLink? {
        try await table.find(
            "upstream_links.find",
            "SELECT \(Self.columns) FROM upstream_links WHERE issuer = ? AND authority = ? AND subject = ?",
            [table.key, .id(authority), .text(subject)]
        ).map(Self.link)
    }

    func links(of user: Identifier<User>) async throws -> [UpstreamLink] {
        try await table.query(
            "upstream_links.of_user",
            "SELECT \(Self.columns) FROM upstream_links WHERE issuer = ? AND user_id = ? ORDER BY created_at, id",
            [table.key, .id(user)]
        ).map(Self.link)
    }

    func add(_ link: UpstreamLink, by owner: User) async throws -> UpstreamLinkAddition {
        let issuer = table.key
        return try await table.retryingWithLatest("upstream_links.add", until: { $0 == .added }) { freshness in
            try await table.database.transaction(freshness) { connection in
                guard try SQLUsers.relies(on: owner, issuer, connection) else { return .outdated }
                let rows = try connection.query(
                    "SELECT user_id FROM upstream_links WHERE issuer = ? AND authority = ? AND subject = ?",
                    [issuer, .id(link.authority), .text(link.subject)])
                if let row = rows.first { return try row.text(0) == owner.id.rawValue ? .present : .taken }
                let own = try connection.query(
                    "SELECT id FROM upstream_links WHERE issuer = ? AND user_id = ?", [issuer, .id(owner.id)])
                guard own.count < Self.maximumCount else { return .outdated }
                return try Self.insert(link, issuer, connection) ? .added : .taken
            }
        }
    }

    func add(_ user: User, with link: UpstreamLink) async throws -> Bool {
        try await SQLUsers(table: table).add(user, with: link)
    }

    /// Returns `false` if another user has the link.
    static func insert(
        _ link: UpstreamLink, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws -> Bool {
        try connection.insertIfAbsent(
            "INSERT INTO upstream_links (issuer, \(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                issuer, .id(link.id), .id(link.upstream), .id(link.authority), .text(link.subject), .id(link.user),
                .text(link.label), .date(link.createdAt), .date(link.lastUsedAt),
                link.sealedTokens.map(SQLValue.blob) ?? .null,
            ])
    }

    func use(_ id: Identifier<UpstreamLink>, label: String, sealedTokens: [UInt8]?, at moment: Date) async throws {
        try await table.execute(
            "upstream_links.use",
            """
            UPDATE upstream_links SET label = ?, sealed_tokens = ?, last_used_at = ? WHERE issuer = ? AND id = ?
            """,
            [.text(label), sealedTokens.map(SQLValue.blob) ?? .null, .date(moment), table.key, .id(id)])
    }

    func remove(
        _ id: Identifier<UpstreamLink>, of user: Identifier<User>, usable: [Identifier<UpstreamAuthority>],
        at moment: Date
    ) async throws -> UpstreamLinkRemoval {
        let issuer = table.key
        return try await table.write("upstream_links.remove", seeing: .latest) { connection in
            let ways = try SQLSignInWays(of: user, usable: usable, issuer, at: moment, connection)
            guard let authority = ways.links[id] else { return .unknown }
            guard !usable.contains(authority) || ways.count > 1 else { return .last }
            try connection.execute("DELETE FROM upstream_links WHERE issuer = ? AND id = ?", [issuer, .id(id)])
            return .removed
        }
    }

    func delete(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Int {
        try await table.deleteRecent("upstream_links", of: user, addedIn: period)
    }

    private static func link(_ row: SQLRow) throws -> UpstreamLink {
        UpstreamLink(
            id: try row.id(0), upstream: try row.id(1), authority: try row.id(2), subject: try row.text(3),
            user: try row.id(4), label: try row.text(5), createdAt: try row.date(6),
            lastUsedAt: try row.optionalDate(7), sealedTokens: try row.optionalBlob(8))
    }
}
