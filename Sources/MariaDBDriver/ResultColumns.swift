import CMariaDB
import SQLStorage

/// The buffers into which the library writes the columns of a row.
@safe final class ResultColumns {
    private enum Kind { case integer, text, blob }

    private var kinds: [Kind] = []
    private var bindings: UnsafeMutableBufferPointer<MYSQL_BIND> = unsafe .init(start: nil, count: 0)
    private var cells: UnsafeMutableBufferPointer<Cell> = unsafe .init(start: nil, count: 0)
    private var memory: UnsafeMutableRawBufferPointer = unsafe .init(start: nil, count: 0)

    /// The metadata that the library writes beside a value.
    private struct Cell {
        var length: UInt = 0
        var isNull: CChar = 0
        var isTruncated: CChar = 0
    }

    /// Bytes of a column's buffer. Most values fit; a longer one is fetched separately.
    private static let size = 512
    /// The character set number of binary data.
    private static let binary = 63

    deinit { release() }

    /// Prepares for rows of these columns. Most often they are the same as last time, and the buffers are kept.
    func describe(_ metadata: UnsafeMutablePointer<MYSQL_RES>) {
        let count = unsafe Int(mysql_num_fields(metadata))
        guard let fields = unsafe mysql_fetch_fields(metadata) else { return }
        let kinds = (0..<count).map { unsafe Self.kind(fields[$0]) }
        guard kinds != self.kinds else { return }
        release()
        self.kinds = kinds
        unsafe bindings = .allocate(capacity: count)
        unsafe cells = .allocate(capacity: count)
        unsafe memory = .allocate(byteCount: count * Self.size, alignment: 8)
        for column in 0..<count {
            unsafe cells.initializeElement(at: column, to: Cell())
            unsafe bindings.initializeElement(at: column, to: binding(column))
        }
    }

    private static func kind(_ field: MYSQL_FIELD) -> Kind {
        switch unsafe field.type {
        case MYSQL_TYPE_TINY, MYSQL_TYPE_SHORT, MYSQL_TYPE_INT24, MYSQL_TYPE_LONG, MYSQL_TYPE_LONGLONG: .integer
        default: unsafe Int(field.charsetnr) == binary ? .blob : .text
        }
    }

    private func binding(_ column: Int) -> MYSQL_BIND {
        var binding = unsafe MYSQL_BIND()
        let cell = unsafe cells.baseAddress! + column
        unsafe binding.buffer = memory.baseAddress! + column * Self.size
        unsafe binding.length = unsafe UnsafeMutableRawPointer(cell).assumingMemoryBound(to: UInt.self)
        unsafe binding.is_null = Self.place(cell, \.isNull)
        unsafe binding.error = Self.place(cell, \.isTruncated)
        switch kinds[column] {
        case .integer:
            unsafe binding.buffer_type = MYSQL_TYPE_LONGLONG
            unsafe binding.buffer_length = 8
        case .text, .blob:
            unsafe binding.buffer_type = MYSQL_TYPE_BLOB
            unsafe binding.buffer_length = UInt(Self.size)
        }
        return unsafe binding
    }

    private static func place(
        _ cell: UnsafeMutablePointer<Cell>, _ member: PartialKeyPath<Cell>
    ) -> UnsafeMutablePointer<CChar>? {
        guard let offset = MemoryLayout<Cell>.offset(of: member) else { return nil }
        return unsafe (UnsafeMutableRawPointer(cell) + offset).assumingMemoryBound(to: CChar.self)
    }

    func bind(_ statement: UnsafeMutablePointer<MYSQL_STMT>) -> Bool {
        unsafe mysql_stmt_bind_result(statement, bindings.baseAddress) == 0
    }

    /// Returns the row that was just fetched.
    func row(_ statement: UnsafeMutablePointer<MYSQL_STMT>) throws -> SQLRow {
        var values: [SQLValue] = []
        values.reserveCapacity(kinds.count)
        for (column, kind) in kinds.enumerated() {
            let cell = unsafe cells[column]
            guard cell.isNull == 0 else {
                values.append(.null)
                continue
            }
            switch kind {
            case .integer:
                values.append(.integer(unsafe memory.load(fromByteOffset: column * Self.size, as: Int.self)))
            case .text:
                values.append(
                    .text(unsafe try bytes(column, cell, statement) { unsafe String(decoding: $0, as: UTF8.self) }))
            case .blob: values.append(.blob(try unsafe bytes(column, cell, statement) { unsafe Array($0) }))
            }
        }
        return SQLRow(values)
    }

    private func bytes<Value>(
        _ column: Int, _ cell: Cell, _ statement: UnsafeMutablePointer<MYSQL_STMT>,
        _ make: (UnsafeRawBufferPointer) -> Value
    ) throws -> Value {
        let count = Int(cell.length)
        guard count > Self.size else {
            let start = column * Self.size
            return unsafe make(UnsafeRawBufferPointer(rebasing: memory[start..<start + count]))
        }
        let whole = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer { unsafe whole.deallocate() }
        var binding = unsafe MYSQL_BIND()
        unsafe binding.buffer_type = MYSQL_TYPE_BLOB
        unsafe binding.buffer = whole.baseAddress
        unsafe binding.buffer_length = UInt(count)
        guard unsafe mysql_stmt_fetch_column(statement, &binding, UInt32(column), 0) == 0 else {
            throw LostConnection(reason: "a value could not be read completely")
        }
        return unsafe make(UnsafeRawBufferPointer(whole))
    }

    private func release() {
        unsafe bindings.deallocate()
        unsafe cells.deallocate()
        unsafe memory.deallocate()
        kinds = []
        unsafe bindings = .init(start: nil, count: 0)
        unsafe cells = .init(start: nil, count: 0)
        unsafe memory = .init(start: nil, count: 0)
    }
}
