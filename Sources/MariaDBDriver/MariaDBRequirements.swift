import SQLStorage

/// The requirements on a server for acknowledged changes to survive any failure.
enum MariaDBRequirements {
    /// Throws `StorageError.unsuitable`.
    static func check(_ connection: MariaDBConnection) throws {
        let row = try connection.query(
            "SELECT VERSION(), @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog, @@binlog_format", [])
        guard let row = row.first else { return }
        let version = try row.text(0)
        let log = try row.integer(2) == 0 ? nil : BinaryLog(sync: try row.integer(3), format: try row.text(4))
        try check(version: version, flush: row.integer(1), log: log)
    }

    struct BinaryLog {
        let sync: Int
        let format: String
    }

    static func check(version: String, flush: Int, log: BinaryLog?) throws(StorageError) {
        let numbers = version.split(separator: ".").prefix(2).compactMap { Int($0) }
        // The schema uses `utf8mb4_nopad_bin`, and the stores rely on the transactions of 10.6, the oldest supported
        // version.
        guard version.contains("MariaDB"), numbers.count == 2, (numbers[0], numbers[1]) >= (10, 6) else {
            throw .unsuitable("its version is \(version), but Martlet requires MariaDB 10.6 or later")
        }
        guard flush == 1 else {
            throw .unsuitable(
                "innodb_flush_log_at_trx_commit is \(flush): set it to 1, or a power failure undoes acknowledged changes"
            )
        }
        // With a binary log, recovery rolls back every transaction that is missing from it.
        guard let log else { return }
        guard log.sync == 1 else {
            throw .unsuitable("sync_binlog is \(log.sync): set it to 1, or a power failure undoes acknowledged changes")
        }
        guard log.format != "STATEMENT" else {
            throw .unsuitable("binlog_format is STATEMENT: set it to ROW or MIXED, which READ COMMITTED requires")
        }
    }

    /// Returns whether the server is a node of a Galera cluster. Throws `LostConnection` if it is a node that cannot
    /// serve requests now.
    static func isReplicated(_ connection: MariaDBConnection) throws -> Bool {
        let isOn = try connection.query(
            "SELECT variable_value FROM information_schema.global_variables WHERE variable_name = 'WSREP_ON'", [])
        guard try isOn.first?.text(0) == "ON" else { return false }
        let isReady = try connection.query(
            "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'WSREP_READY'", [])
        guard try isReady.first?.text(0) == "ON" else {
            throw LostConnection(reason: "the node is not part of the majority of its cluster")
        }
        return true
    }
}
