import Foundation
import IdentityProvider
import JOSE
import Testing

@testable import SQLStorage

/// The statements of one version of the program, one per line.
private struct Trace {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Former")

    /// The versions that a program ran with. Steps between two of them never stood alone.
    static let versions = [1, 2, 8, 9, 12, 13, 14, 15]

    let statements: [(statement: SQLStatement, values: [SQLValue])]

    init(version: Int) throws {
        let text = try String(contentsOf: Self.folder.appending(path: "\(version).jsonl"), encoding: .utf8)
        statements = try text.split(separator: "\n").map { line in
            let object = try JSONObject(parsing: Array(line.utf8))
            let values = try (object["values"]?.array ?? []).map { try TransferLine.value($0) }
            return (SQLStatement(recorded: object["sql"]?.string ?? ""), values)
        }
    }

    static func line(_ statement: SQLStatement, _ values: [SQLValue]) -> String {
        let object: JSONObject = [
            "sql": .string(statement.text), "values": .array(values.map(TransferLine.json)),
        ]
        return String(decoding: object.serialized(), as: UTF8.self)
    }
}

extension SQLStatement {
    fileprivate init(recorded text: String) {
        var parts = StringInterpolation(literalCapacity: text.utf8.count, interpolationCount: 0)
        parts.text = text
        self.init(stringInterpolation: parts)
    }

    /// Index hints, recorded on SQLite, in the notation of the other dialect.
    fileprivate func worded(for dialect: SQLDialect) -> SQLStatement {
        let words = text.replacing(/INDEXED BY (\w+)/) { hint in
            dialect.hint(SQLStatement(recorded: String(hint.1))).text
        }
        return SQLStatement(recorded: words)
    }
}

@Suite("While a newer version upgrades the schema, the former one keeps running (docs/decisions/0005)")
struct FormerSchemaTests {
    @Test(
        "every statement of a former version works on the newest schema", arguments: StorageBackend.all, Trace.versions)
    fileprivate func former(_ backend: StorageBackend, _ version: Int) async throws {
        try await backend.withDatabase { database in
            let trace = try Trace(version: version)
            #expect(trace.statements.count > 40)
            _ = try await SQLBackend(database).migrate()
            var said: Set<String> = []
            for (recorded, values) in trace.statements {
                let isFirst = said.insert(Trace.line(recorded, values)).inserted
                let statement = recorded.worded(for: database.dialect)
                // A statement that no longer fits throws.
                if statement.text.hasPrefix("SELECT") {
                    _ = try await database.read { try $0.query(statement, values) }
                } else {
                    do { _ = try await database.transaction { try $0.execute(statement, values) } } catch {
                        // The program already handled the case that the row exists.
                        guard error is UniqueViolation, !isFirst else { throw error }
                    }
                }
            }
            // The program found what it wrote: its last statement deleted the user again.
            #expect(
                try await database.read { try $0.query("SELECT id FROM users WHERE id = 'alice-id'", []) }.isEmpty)
        }
    }

    /// Before you add a migration, record the statements of the current version:
    /// `MARTLET_RECORD_STATEMENTS=1 swift test --filter FormerSchemaTests`.
    @Test("the newest version's statements can be recorded")
    func record() async throws {
        try await StorageBackend.sqlite.withFolder { folder in
            let database = ObservedDatabase(try StorageBackend.sqlite.open(folder)) { _, statement, values in
                [Trace.line(statement, values)]
            }
            let backend = SQLBackend(database)
            _ = try await backend.migrate()
            database.forget()
            try await backend.stores(for: try Issuer("https://id.example.com")).askEverything()
            let notes = database.notes
            #expect(notes.count > 40)
            if ProcessInfo.processInfo.environment["MARTLET_RECORD_STATEMENTS"] != nil {
                let version = SQLDialect.sqlite.migrations.last?.version ?? 0
                try Data((notes.joined(separator: "\n") + "\n").utf8)
                    .write(to: Trace.folder.appending(path: "\(version).jsonl"))
            }
            await database.close()
        }
    }
}
