package import FoundationEssentials

/// Failures in a row.
package struct Attempts: Sendable, Hashable {
    package let count: Int
    package let lastFailedAt: Date
    package let expiresAt: Date

    package init(count: Int, lastFailedAt: Date, expiresAt: Date) {
        self.count = count
        self.lastFailedAt = lastFailedAt
        self.expiresAt = expiresAt
    }
}

/// Counts failures, for all nodes together. Names are digests: the table tells nobody who is attacked.
package protocol AttemptStore: Sendable {
    /// What failed under each of the names that is not forgotten.
    func failures(of names: [String], at now: Date) async throws -> [String: Attempts]
    /// One more for each; those whose failures expired begin anew. Returns how many there are now under each: of all
    /// that count at once, on whatever nodes, each number is returned to one.
    @discardableResult
    func fail(_ names: [String], at now: Date, expiresAt expiry: Date) async throws -> [String: Int]
    /// Counts so many failures less under `name`, down to none.
    func takeBack(_ count: Int, of name: String) async throws
    /// Returns whether there was anything to forget.
    @discardableResult
    func forget(_ names: [String]) async throws -> Bool
}
