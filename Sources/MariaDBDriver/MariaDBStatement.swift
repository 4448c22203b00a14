import CMariaDB
import SQLStorage

/// A prepared statement. It belongs to its connection.
@safe final class MariaDBStatement {
    private let handle: UnsafeMutablePointer<MYSQL_STMT>
    private let connection: UnsafeMutablePointer<MYSQL>
    private let server: String
    private let columns = ResultColumns()
    /// Whether the statement changes rows. For one with `RETURNING` the server reports rows, but no count of changes.
    let isChange: Bool

    private static let changes: Set = ["INSERT", "UPDATE", "DELETE", "REPLACE"]

    init(_ text: String, on connection: UnsafeMutablePointer<MYSQL>, server: String) throws {
        guard let handle = unsafe mysql_stmt_init(connection) else {
            throw StorageError.failed("memory is exhausted")
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

    /// Runs the statement, hands each row to `body` as it comes and returns how many rows were changed. A statement that
    /// returns rows counts none.
    func run(_ values: [SQLValue], _ arena: ParameterArena, _ body: (SQLRow) throws -> Void) throws -> Int {
        // A value too few would be whatever lies in memory.
        guard unsafe Int(mysql_stmt_param_count(handle)) == values.count else {
            throw RefusedStatement("\(values.count) values are not what the statement takes")
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
        // Also reads over what is left when `body` throws.
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
        // Without a pointer to a length the library takes it from here.
        unsafe binding.buffer_length = UInt(place.count)
        unsafe binding.length_value = UInt(place.count)
        return unsafe binding
    }

    private var error: any Error {
        // An error between rows is noted with the connection alone.
        unsafe mysql_stmt_errno(handle) != 0
            ? MariaDBError.error(mysql_stmt_errno(handle), String(cString: mysql_stmt_error(handle)), server: server)
            : MariaDBError.error(mysql_errno(connection), String(cString: mysql_error(connection)), server: server)
    }

    func close() { unsafe mysql_stmt_close(handle) }
}
