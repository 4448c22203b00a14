import JOSE

/// One line of an export: the header, a row, or the end marker with the number of rows.
enum TransferLine {
    case head(Head)
    case row(table: TransferTable, values: [SQLValue])
    case end(rows: Int)

    struct Head {
        let schema: Int
        let masterKeys: [String]
    }

    private static let format = 1

    var bytes: [UInt8] {
        let object: JSONObject =
            switch self {
            case .head(let head):
                [
                    "martlet_export": .integer(Self.format), "schema": .integer(head.schema),
                    "master_keys": .array(head.masterKeys.map(JSON.string)),
                ]
            case .row(let table, let values):
                [
                    "table": .string(table.name),
                    "row": .array(values.map(Self.json)),
                ]
            case .end(let rows): ["end": .integer(rows)]
            }
        return object.serialized() + [UInt8(ascii: "\n")]
    }

    /// Throws `InvalidLine` if the bytes are not a line of an export.
    init(parsing bytes: [UInt8]) throws(InvalidLine) {
        let object: JSONObject
        do throws(JSONError) { object = try JSONObject(parsing: bytes) } catch {
            throw InvalidLine("is not JSON: \(error.reason)")
        }
        if let name = object["table"]?.string {
            guard let table = TransferTable.all.first(where: { $0.name == name }) else {
                throw InvalidLine("names the unknown table \(name)")
            }
            guard let row = object["row"]?.array, (1...table.columns.count).contains(row.count) else {
                throw InvalidLine("must have 1 to \(table.columns.count) values")
            }
            var values: [SQLValue] = []
            for value in row { values.append(try Self.value(value)) }
            self = .row(table: table, values: values)
        } else if let rows = object["end"]?.integer {
            self = .end(rows: rows)
        } else if object["martlet_export"]?.integer == Self.format, let schema = object["schema"]?.integer,
            let keys = object["master_keys"]?.array
        {
            self = .head(Head(schema: schema, masterKeys: keys.compactMap(\.string)))
        } else {
            throw InvalidLine("is not a line of a Martlet export")
        }
    }

    static func json(_ value: SQLValue) -> JSON {
        switch value {
        case .null: .null
        case .integer(let number): .integer(number)
        case .text(let text): .string(text)
        case .blob(let bytes): ["bytes": .string(Base64URL.encode(bytes))]
        }
    }

    static func value(_ json: JSON) throws(InvalidLine) -> SQLValue {
        switch json {
        case .null: return .null
        case .integer(let number): return .integer(number)
        case .string(let text): return .text(text)
        case .object(let object):
            guard let text = object["bytes"]?.string, let bytes = try? Base64URL.decode(text) else {
                throw InvalidLine("has bytes that are not valid base64url")
            }
            return .blob(bytes)
        case .bool, .number, .array: throw InvalidLine("has a value of a type that no column holds")
        }
    }
}

/// A reason why a line cannot be imported, worded to follow "Line n".
struct InvalidLine: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
