import FoundationEssentials
import IdentityProvider

struct SQLDevices: DeviceStore {
    let table: SQLTable

    private static let columns: SQLStatement = """
        id, secret_digest, user_id, user_agent, address, created_at, last_used_at, trusted_until, expires_at
        """

    func find(_ secret: SecretDigest<Device>, of user: Identifier<User>, at now: Date) async throws -> Device? {
        try await table.find(
            "devices.find",
            """
            SELECT \(Self.columns) FROM devices
            WHERE issuer = ? AND secret_digest = ? AND user_id = ? AND expires_at > ?
            """, [table.key, .blob(secret.bytes), .id(user), .date(now)]
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
        try await table.execute(
            "devices.forget_all", "DELETE FROM devices WHERE issuer = ? AND user_id = ?", [table.key, .id(user)],
            seeing: .latest)
    }

    /// Keeps the device as it is now.
    static func save(_ device: Device, _ issuer: SQLValue, _ connection: any SQLConnection) throws {
        try connection.save(
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
    }

    private static func device(_ row: SQLRow) throws -> Device {
        Device(
            id: try row.id(0), secret: SecretDigest(bytes: try row.blob(1)), user: try row.id(2),
            userAgent: try row.text(3), address: try row.text(4), createdAt: try row.date(5),
            lastUsedAt: try row.date(6), trustedUntil: try row.optionalDate(7), expiresAt: try row.date(8))
    }
}
