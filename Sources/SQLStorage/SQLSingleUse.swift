import FoundationEssentials
import IdentityProvider

struct SQLSingleUse: SingleUseStore {
    let table: SQLTable

    func consume(_ value: String, for purpose: SingleUsePurpose, until expiry: Date) async throws -> Bool {
        try await table.insertIfAbsent(
            "spent.spend", "INSERT INTO spent (issuer, purpose, value, expires_at) VALUES (?, ?, ?, ?)",
            [table.key, .text(purpose.rawValue), .text(value), .date(expiry)])
    }

    func isConsumed(_ value: String, for purpose: SingleUsePurpose) async throws -> Bool {
        try await !table.query(
            "spent.is_spent", "SELECT 1 FROM spent WHERE issuer = ? AND purpose = ? AND value = ?",
            [table.key, .text(purpose.rawValue), .text(value)]
        ).isEmpty
    }
}
