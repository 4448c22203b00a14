import FoundationEssentials
import IdentityProvider

struct SQLPushedRequests: PushedRequestStore {
    let table: SQLTable

    func save(_ sealed: [UInt8], as id: String, until expiry: Date) async throws {
        try await table.execute(
            "pushed_requests.save",
            "INSERT INTO pushed_requests (issuer, id, sealed_request, expires_at) VALUES (?, ?, ?, ?)",
            [table.key, .text(id), .blob(sealed), .date(expiry)])
    }

    func find(_ id: String) async throws -> [UInt8]? {
        try await table.find(
            "pushed_requests.find", "SELECT sealed_request FROM pushed_requests WHERE issuer = ? AND id = ?",
            [table.key, .text(id)]
        ).map { try $0.blob(0) }
    }

    func consume(_ id: String) async throws -> Bool {
        let values: [SQLValue] = [table.key, .text(id)]
        return try await table.retryingWithLatest("pushed_requests.consume", until: { $0 }) { freshness in
            try await table.database.execute(
                freshness, "DELETE FROM pushed_requests WHERE issuer = ? AND id = ?", values) == 1
        }
    }
}
