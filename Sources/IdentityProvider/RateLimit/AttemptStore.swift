package import FoundationEssentials

/// Consecutive failures.
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

/// Counts failures across all nodes. Names are digests, so that the table does not reveal who is under attack.
package protocol AttemptStore: Sendable {
    /// Returns the unexpired failures under each name.
    func failures(of names: [String], at now: Date) async throws -> [String: Attempts]
    /// Adds a failure under each name, starting over where failures have expired, and returns the new counts. Of
    /// concurrent calls, on all nodes, each count is returned to exactly one.
    @discardableResult
    func fail(_ names: [String], at now: Date, expiresAt expiry: Date) async throws -> [String: Int]
    /// Adds a failure under `name` that expires `seconds` after the ones before it, and at most `longest` seconds from
    /// now. Concurrent calls, on all nodes, all count.
    func fill(_ name: String, by seconds: TimeInterval, upTo longest: TimeInterval, at now: Date) async throws
    /// Deducts `count` failures under `name`, down to zero.
    func takeBack(_ count: Int, of name: String) async throws
    /// Deletes the failures under `names`. Returns whether there were any.
    @discardableResult
    func forget(_ names: [String]) async throws -> Bool
}
