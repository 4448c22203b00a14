import CMariaDB
import SQLStorage

/// A prepared statement. It belongs to its connection.
@safe final class MariaDBStatement {
    private let handle: UnsafeMutablePointer<MYSQL_STMT>
    private let connection: UnsafeMutablePointer<MYSQL>
    private let server: String
    private let columns = ResultColumns()
    /// Whether the statement changes rows. For one with `RETURNING`, the server reports the rows but not how many
    /// changed.
    let isChange: Bool

    private static let changes: Set = ["INSERT", "UPDATE", "DELETE", "REPLACE"]

    init(_ text: String, on connection: UnsafeMutablePointer<MYSQL>, server: String) throws {
        guard let handle = unsafe mysql_stmt_init(connection) else {
            throw StorageError.failed("out of memory")
        }
        unsafe self.handle = handle
        unsafe self.connection = connection
        self.server = server
        isChange = Self.changes.contains(text.prefix { $0.isLetter }.uppercased())
        guard unsafe mysql_stmt_prepare(handle, text, UInt(text.utf8.count)) == 0 else {
            let error = self.error
            close()
            throw error
        }
    }

    /// Runs the statement, passes each row to `body` as it arrives, and returns the number of rows changed: 0 for a
    /// statement that returns rows.
    func run(_ values: [SQLValue], _ arena: ParameterArena, _ body: (SQLRow) throws -> Void) throws -> Int {
        // With a value too few, the library would read arbitrary memory.
        guard unsafe Int(mysql_stmt_param_count(handle)) == values.count else {
            throw RefusedStatement("the statement does not take \(values.count) values")
        }
        try unsafe arena.hold(values) { places in
            var bindings = unsafe zip(values, places).map { unsafe Self.binding($0, at: $1) }
            guard unsafe values.isEmpty || mysql_stmt_bind_param(handle, &bindings) == 0,
                unsafe mysql_stmt_execute(handle) == 0
            else { throw error }
        }
        guard let metadata = unsafe mysql_stmt_result_metadata(handle) else {
            return unsafe Int(mysql_stmt_affected_rows(handle))
        }
        defer { unsafe mysql_free_result(metadata) }
        // Also discards the remaining rows if `body` throws.
        defer { unsafe mysql_stmt_free_result(handle) }
        try unsafe fetch(metadata, body)
        return 0
    }

    private func fetch(_ metadata: UnsafeMutablePointer<MYSQL_RES>, _ body: (SQLRow) throws -> Void) throws {
        unsafe columns.describe(metadata)
        guard unsafe columns.bind(handle) else { throw error }
        while true {
            switch unsafe mysql_stmt_fetch(handle) {
            case 0, MYSQL_DATA_TRUNCATED: try body(unsafe columns.row(handle))
            case MYSQL_NO_DATA: return
            default: throw error
            }
        }
    }

    private static func binding(_ value: SQLValue, at place: UnsafeMutableRawBufferPointer) -> MYSQL_BIND {
        var binding = unsafe MYSQL_BIND()
        unsafe binding.buffer_type =
            switch value {
            case .null: MYSQL_TYPE_NULL
            case .integer: MYSQL_TYPE_LONGLONG
            case .text: MYSQL_TYPE_STRING
            case .blob: MYSQL_TYPE_LONG_BLOB
            }
        unsafe binding.buffer = place.baseAddress
        // The library uses this length when `length` is not set.
        unsafe binding.buffer_length = UInt(place.count)
        unsafe binding.length_value = UInt(place.count)
        return unsafe binding
    }

    private var error: any Error {
        // An error while rows are fetched is reported only on the connection.
        unsafe mysql_stmt_errno(handle) != 0
            ? MariaDBError.error(mysql_stmt_errno(handle), String(cString: mysql_stmt_error(handle)), server: server)
            : MariaDBError.error(mysql_errno(connection), String(cString: mysql_error(connection)), server: server)
    }

    func close() { unsafe mysql_stmt_close(handle) }
}
