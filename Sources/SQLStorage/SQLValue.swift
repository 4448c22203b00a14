package import FoundationEssentials
import IdentityProvider
import JOSE

/// A value bound to a statement or read from a row.
package enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int)
    case text(String)
    case blob([UInt8])
}

extension SQLValue: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int) { self = .integer(value) }
}

extension SQLValue {
    /// Milliseconds since 1970, UTC.
    package static func date(_ date: Date) -> SQLValue {
        // Clamps times that are out of range: a number from outside must not crash the program.
        let milliseconds = (date.timeIntervalSince1970 * 1_000).rounded()
        return .integer(Int(exactly: milliseconds) ?? (milliseconds < 0 ? .min : .max))
    }

    static func date(_ date: Date?) -> SQLValue { date.map { .date($0) } ?? .null }
    static func flag(_ flag: Bool) -> SQLValue { .integer(flag ? 1 : 0) }
    static func text(_ text: String?) -> SQLValue { text.map(SQLValue.text) ?? .null }
    static func id<Entity>(_ id: Identifier<Entity>) -> SQLValue { .text(id.rawValue) }
    static func id<Entity>(_ id: Identifier<Entity>?) -> SQLValue { id.map { .text($0.rawValue) } ?? .null }
    static func json(_ object: JSONObject) -> SQLValue { .text(String(decoding: object.serialized(), as: UTF8.self)) }
    static func json(_ texts: [String]) -> SQLValue {
        .text(String(decoding: JSON.array(texts.map(JSON.string)).serialized(), as: UTF8.self))
    }

    static func document(_ value: some Encodable) throws -> SQLValue {
        .text(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
    }
}

/// The values of one row, in the order of the statement's columns. Reading a column as the wrong type throws
/// `CorruptRow`.
package struct SQLRow: Sendable, Hashable {
    let values: [SQLValue]
    package init(_ values: [SQLValue]) { self.values = values }

    package func integer(_ column: Int) throws(CorruptRow) -> Int {
        guard case .integer(let value) = values[column] else { throw CorruptRow(column: column) }
        return value
    }

    package func text(_ column: Int) throws(CorruptRow) -> String {
        guard case .text(let value) = values[column] else { throw CorruptRow(column: column) }
        return value
    }

    func blob(_ column: Int) throws(CorruptRow) -> [UInt8] {
        guard case .blob(let value) = values[column] else { throw CorruptRow(column: column) }
        return value
    }

    func isNull(_ column: Int) -> Bool { values[column] == .null }
    func optionalText(_ column: Int) throws(CorruptRow) -> String? { isNull(column) ? nil : try text(column) }
    func optionalBlob(_ column: Int) throws(CorruptRow) -> [UInt8]? { isNull(column) ? nil : try blob(column) }
    func flag(_ column: Int) throws(CorruptRow) -> Bool { try integer(column) != 0 }
    func id<Entity>(_ column: Int) throws(CorruptRow) -> Identifier<Entity> { Identifier(rawValue: try text(column)) }

    func date(_ column: Int) throws(CorruptRow) -> Date {
        Date(timeIntervalSince1970: TimeInterval(try integer(column)) / 1_000)
    }

    func optionalDate(_ column: Int) throws(CorruptRow) -> Date? { isNull(column) ? nil : try date(column) }
    func object(_ column: Int) throws -> JSONObject { try JSONObject(parsing: Array(try text(column).utf8)) }

    func texts(_ column: Int) throws -> [String] {
        try JSON(parsing: Array(try text(column).utf8)).array?.compactMap(\.string) ?? []
    }

    func document<Value: Decodable>(_ type: Value.Type, _ column: Int) throws -> Value {
        try JSONDecoder().decode(type, from: Data(try text(column).utf8))
    }
}

/// A column holds a value that does not match the schema.
package struct CorruptRow: Error {
    let column: Int
}
