import FoundationEssentials
import IdentityProvider

struct SQLSpent: SpentStore {
    let table: SQLTable

    func spend(_ value: String, for purpose: SpentPurpose, until expiry: Date) async throws -> Bool {
        try await table.insertIfAbsent(
            "spent.spend", "INSERT INTO spent (issuer, purpose, value, expires_at) VALUES (?, ?, ?, ?)",
            [table.key, .text(purpose.rawValue), .text(value), .date(expiry)])
    }

    func isSpent(_ value: String, for purpose: SpentPurpose) async throws -> Bool {
        try await !table.query(
            "spent.is_spent", "SELECT 1 FROM spent WHERE issuer = ? AND purpose = ? AND value = ?",
            [table.key, .text(purpose.rawValue), .text(value)]
        ).isEmpty
    }
}
