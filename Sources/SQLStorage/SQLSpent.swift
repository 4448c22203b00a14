import FoundationEssentials
import IdentityProvider

struct SQLSpent: SpentStore {
    let table: SQLTable

    func spend(_ value: String, for purpose: SpentPurpose, until expiry: Date) async throws -> Bool {
        let values: [SQLValue] = [table.key, .text(purpose.rawValue), .text(value), .date(expiry)]
        return try await table.write("spent.spend") { connection in
            try connection.insertIfAbsent(
                "INSERT INTO spent (issuer, purpose, value, expires_at) VALUES (?, ?, ?, ?)", values)
        }
    }

    func isSpent(_ value: String, for purpose: SpentPurpose) async throws -> Bool {
        let values: [SQLValue] = [table.key, .text(purpose.rawValue), .text(value)]
        return try await table.read("spent.is_spent") { connection in
            try !connection.query("SELECT 1 FROM spent WHERE issuer = ? AND purpose = ? AND value = ?", values).isEmpty
        }
    }
}
