import SQLStorage

/// Keeps programs that use one server from changing its schema at the same time. The nodes of a cluster do not share
/// the lock, so every statement of a migration may run twice there.
struct MaintenanceLock {
    let connection: MariaDBConnection

    init(_ connection: MariaDBConnection) { self.connection = connection }

    /// Seconds to wait for another program.
    private static let patience = 600

    func hold<Result>(_ work: () throws -> Result) throws -> Result {
        let name: SQLStatement = "CONCAT('martlet ', SHA1(DATABASE()))"
        let answer = try connection.query("SELECT GET_LOCK(\(name), ?)", [.integer(Self.patience)])
        guard try answer.first?.integer(0) == 1 else { throw StorageError.busy }
        // If the release fails, the lock ends with the connection.
        defer { if !connection.isBroken { _ = try? connection.query("DO RELEASE_LOCK(\(name))", []) } }
        return try work()
    }
}
