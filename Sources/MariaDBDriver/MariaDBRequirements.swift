import SQLStorage

/// What a server must be for an acknowledged change to survive everything.
enum MariaDBRequirements {
    /// Throws `StorageError.unsuitable`.
    static func check(_ connection: MariaDBConnection) throws {
        let row = try connection.query(
            "SELECT VERSION(), @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog", [])
        guard let row = row.first else { return }
        let version = try row.text(0)
        try check(version: version, flush: row.integer(1), hasBinaryLog: row.integer(2) != 0, sync: row.integer(3))
    }

    static func check(version: String, flush: Int, hasBinaryLog: Bool, sync: Int) throws(StorageError) {
        let numbers = version.split(separator: ".").prefix(2).compactMap { Int($0) }
        // `utf8mb4_nopad_bin` and the transactions of 10.6, the oldest version that is still maintained.
        guard version.contains("MariaDB"), numbers.count == 2, (numbers[0], numbers[1]) >= (10, 6) else {
            throw .unsuitable("it is \(version), Martlet needs MariaDB 10.6 or later")
        }
        guard flush == 1 else {
            throw .unsuitable(
                "innodb_flush_log_at_trx_commit is \(flush): set it to 1, or a power cut undoes what was acknowledged")
        }
        // With a binary log, recovery undoes what is not in it.
        guard !hasBinaryLog || sync == 1 else {
            throw .unsuitable("sync_binlog is \(sync): set it to 1, or a power cut undoes what was acknowledged")
        }
    }

    /// Whether the server is a node of a Galera cluster. Throws `LostConnection` when it is one that cannot answer now.
    static func isReplicated(_ connection: MariaDBConnection) throws -> Bool {
        let isOn = try connection.query(
            "SELECT variable_value FROM information_schema.global_variables WHERE variable_name = 'WSREP_ON'", [])
        guard try isOn.first?.text(0) == "ON" else { return false }
        let isReady = try connection.query(
            "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'WSREP_READY'", [])
        guard try isReady.first?.text(0) == "ON" else {
            throw LostConnection(reason: "the node is not part of its cluster's majority")
        }
        return true
    }
}
