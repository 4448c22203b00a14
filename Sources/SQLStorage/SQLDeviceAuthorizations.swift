import FoundationEssentials
import IdentityProvider

struct SQLDeviceAuthorizations: DeviceAuthorizationStore {
    let table: SQLTable

    func add(_ authorization: DeviceAuthorization) async throws -> Bool {
        try await table.insertIfAbsent(
            "device_authorizations.add",
            """
            INSERT INTO device_authorizations (issuer, id, user_code, sealed_request, polling_interval, expires_at)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                table.key, .text(authorization.id), .text(authorization.userCode), .blob(authorization.sealedRequest),
                .integer(authorization.interval), .date(authorization.expiresAt),
            ])
    }

    func find(_ id: String) async throws -> DeviceAuthorization? {
        try await table.find(
            "device_authorizations.find", "\(Self.selection) AND id = ?", [table.key, .text(id)]
        ).map(Self.authorization)
    }

    func find(userCode: String) async throws -> DeviceAuthorization? {
        try await table.find(
            "device_authorizations.find_code", "\(Self.selection) AND user_code = ?", [table.key, .text(userCode)]
        ).map(Self.authorization)
    }

    func answer(_ id: String, with sealed: [UInt8], at now: Date) async throws -> Bool {
        let values: [SQLValue] = [.blob(sealed), table.key, .text(id), .date(now)]
        return try await table.retryingWithLatest("device_authorizations.answer", until: { $0 }) { freshness in
            try await table.database.execute(
                freshness,
                """
                UPDATE device_authorizations SET sealed_answer = ?
                WHERE issuer = ? AND id = ? AND sealed_answer IS NULL AND expires_at > ?
                """, values) == 1
        }
    }

    func poll(
        _ id: String, at now: Date, slack: TimeInterval, penalty: Int, longest: Int
    ) async throws -> Bool {
        let key = table.key
        return try await table.write("device_authorizations.poll") { connection in
            let isInTime = try connection.execute(
                """
                UPDATE device_authorizations SET polled_at = ?
                WHERE issuer = ? AND id = ? AND (polled_at IS NULL OR polled_at + polling_interval * 1000 <= ?)
                """, [.date(now), key, .text(id), .date(now.addingTimeInterval(slack))])
            if isInTime == 1 { return true }
            _ = try connection.execute(
                """
                UPDATE device_authorizations SET polling_interval = polling_interval + ?
                WHERE issuer = ? AND id = ? AND polling_interval < ?
                """, [.integer(penalty), key, .text(id), .integer(longest)])
            return false
        }
    }

    private static let selection: SQLStatement = """
        SELECT id, user_code, sealed_request, sealed_answer, polling_interval, expires_at FROM device_authorizations
        WHERE issuer = ?
        """

    private static func authorization(_ row: SQLRow) throws -> DeviceAuthorization {
        DeviceAuthorization(
            id: try row.text(0), userCode: try row.text(1), sealedRequest: try row.blob(2),
            sealedAnswer: try row.optionalBlob(3), interval: try row.integer(4), expiresAt: try row.date(5))
    }
}
