import FoundationEssentials
import IdentityProvider

struct SQLDevices: DeviceStore {
    let table: SQLTable

    private static let columns: SQLStatement = """
        id, secret_digest, user_id, user_agent, address, created_at, last_used_at, trusted_until, expires_at
        """

    func find(_ secrets: [SecretDigest<Device>], of user: Identifier<User>, at now: Date) async throws -> Device? {
        let marks = secrets.map { _ in "?" as SQLStatement }.joined()
        return try await table.find(
            "devices.find",
            """
            SELECT \(Self.columns) FROM devices
            WHERE issuer = ? AND secret_digest IN (\(marks)) AND user_id = ? AND expires_at > ?
            """, [table.key] + secrets.map { .blob($0.bytes) } + [.id(user), .date(now)]
        ).map(Self.device)
    }

    func devices(of user: Identifier<User>, at now: Date) async throws -> [Device] {
        try await table.query(
            "devices.of_user",
            """
            SELECT \(Self.columns) FROM devices
            WHERE issuer = ? AND user_id = ? AND expires_at > ? ORDER BY last_used_at DESC, id
            """, [table.key, .id(user), .date(now)]
        ).map(Self.device)
    }

    func forget(_ id: Identifier<Device>, of user: Identifier<User>) async throws -> Bool {
        try await table.execute(
            "devices.forget", "DELETE FROM devices WHERE issuer = ? AND id = ? AND user_id = ?",
            [table.key, .id(id), .id(user)], seeing: .latest) == 1
    }

    func forgetAll(of user: Identifier<User>) async throws {
        let key: [SQLValue] = [table.key, .id(user)]
        try await table.write("devices.forget_all", seeing: .latest) { connection in
            try connection.execute("DELETE FROM devices WHERE issuer = ? AND user_id = ?", key)
            try connection.execute("DELETE FROM networks WHERE issuer = ? AND user_id = ?", key)
        }
    }

    func networks(of user: Identifier<User>, at now: Date) async throws -> [KnownNetwork] {
        try await table.query(
            "networks.of_user",
            """
            SELECT network, address, first_seen_at, last_seen_at, expires_at FROM networks
            WHERE issuer = ? AND user_id = ? AND expires_at > ? ORDER BY last_seen_at DESC, network
            """, [table.key, .id(user), .date(now)]
        ).map { row in
            KnownNetwork(
                user: user, network: try row.text(0), address: try row.text(1), firstSeenAt: try row.date(2),
                lastSeenAt: try row.date(3), expiresAt: try row.date(4))
        }
    }

    /// Saves the device and network that a sign-in came from.
    static func save(_ origin: SignInOrigin, _ issuer: SQLValue, _ connection: any SQLConnection) throws {
        if let device = origin.device {
            for former in origin.formerSecrets { try move(former, to: device.secret, issuer, connection) }
            try save(device, issuer, connection)
        }
        if let network = origin.network { try save(network, issuer, connection) }
    }

    /// Moves all devices of one browser to its current secret. The limit allows for a family that shares a browser, not
    /// for a public computer.
    private static func move(
        _ former: SecretDigest<Device>, to secret: SecretDigest<Device>, _ issuer: SQLValue,
        _ connection: any SQLConnection
    ) throws {
        let rows = try connection.query(
            "SELECT id FROM devices WHERE issuer = ? AND secret_digest = ? ORDER BY user_id LIMIT 16",
            [issuer, .blob(former.bytes)])
        for row in rows {
            try connection.execute(
                "UPDATE devices SET secret_digest = ? WHERE issuer = ? AND id = ?",
                [.blob(secret.bytes), issuer] + row.values)
        }
    }

    private static func save(_ device: Device, _ issuer: SQLValue, _ connection: any SQLConnection) throws {
        let isNew = try connection.save(
            update: """
                UPDATE devices SET secret_digest = ?, user_agent = ?, address = ?, created_at = ?, last_used_at = ?,
                    trusted_until = ?, expires_at = ?
                WHERE issuer = ? AND id = ? AND user_id = ?
                """,
            insert: """
                INSERT INTO devices (secret_digest, user_agent, address, created_at, last_used_at, trusted_until,
                    expires_at, issuer, id, user_id)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            [
                .blob(device.secret.bytes), .text(device.userAgent), .text(device.address), .date(device.createdAt),
                .date(device.lastUsedAt), .date(device.trustedUntil), .date(device.expiresAt), issuer, .id(device.id),
                .id(device.user),
            ])
        guard isNew else { return }
        try keepLast(
            "SELECT id FROM devices WHERE issuer = ? AND user_id = ? ORDER BY last_used_at DESC, id LIMIT 1000 OFFSET ?",
            delete: "DELETE FROM devices WHERE issuer = ? AND user_id = ? AND id = ?", [issuer, .id(device.user)],
            connection)
    }

    private static func save(_ network: KnownNetwork, _ issuer: SQLValue, _ connection: any SQLConnection) throws {
        let key: [SQLValue] = [issuer, .id(network.user), .text(network.network)]
        let seen: [SQLValue] = [.text(network.address), .date(network.lastSeenAt), .date(network.expiresAt)]
        let isKnown =
            try connection.execute(
                """
                UPDATE networks SET address = ?, last_seen_at = ?, expires_at = ?
                WHERE issuer = ? AND user_id = ? AND network = ?
                """, seen + key) == 1
        guard !isKnown else { return }
        // A concurrent sign-in by the same user may have inserted it.
        let isNew = try connection.insertIfAbsent(
            """
            INSERT INTO networks (address, last_seen_at, expires_at, issuer, user_id, network, first_seen_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """, seen + key + [.date(network.firstSeenAt)])
        guard isNew else { return }
        try keepLast(
            """
            SELECT network FROM networks WHERE issuer = ? AND user_id = ?
            ORDER BY last_seen_at DESC, network LIMIT 1000 OFFSET ?
            """,
            delete: "DELETE FROM networks WHERE issuer = ? AND user_id = ? AND network = ?",
            [issuer, .id(network.user)], connection)
    }

    /// Deletes a user's rows beyond the most recent `limit`. `beyond` selects their keys.
    private static func keepLast(
        _ beyond: SQLStatement, delete: SQLStatement, _ owner: [SQLValue], _ connection: any SQLConnection
    ) throws {
        for row in try connection.query(beyond, owner + [.integer(limit)]) {
            try connection.execute(delete, owner + row.values)
        }
    }

    private static func device(_ row: SQLRow) throws -> Device {
        Device(
            id: try row.id(0), secret: SecretDigest(bytes: try row.blob(1)), user: try row.id(2),
            userAgent: try row.text(3), address: try row.text(4), createdAt: try row.date(5),
            lastUsedAt: try row.date(6), trustedUntil: try row.optionalDate(7), expiresAt: try row.date(8))
    }
}
