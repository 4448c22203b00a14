import Foundation
import SQLStorage

/// A database's own description of its schema, in terms that both databases share.
struct SchemaReader {
    struct Column: Hashable {
        let table: String
        let name: String
        /// `text`, `integer` or `bytes`.
        let kind: String
        let isOptional: Bool
        let standard: String?
    }

    struct Index: Hashable {
        let table: String
        let columns: [String]
        let isUnique: Bool
    }

    struct Reference: Hashable {
        let table: String
        let columns: [String]
        let target: String
        let onDelete: String
    }

    private let database: any SQLDatabase
    private var isSQLite: Bool { database.dialect.systemName == "sqlite" }

    init(_ database: any SQLDatabase) { self.database = database }

    func columns() async throws -> Set<Column> {
        let query: SQLStatement =
            isSQLite
            ? """
            SELECT m.name, c.name, c.type, c."notnull", c.dflt_value FROM sqlite_master AS m
                JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.name NOT GLOB 'sqlite_*'
            """
            : """
            SELECT table_name, column_name, data_type, is_nullable = 'NO', column_default
            FROM information_schema.columns
            WHERE table_schema = DATABASE() AND generation_expression IS NULL
            """
        let isSQLite = isSQLite
        let rows = try await database.read { try $0.query(query, []) }
        return Set(
            try rows.map { row in
                let standard = row.optionalString(4)
                return Column(
                    table: try row.text(0), name: try row.text(1), kind: Self.kind(try row.text(2)),
                    isOptional: try row.integer(3) == 0, standard: isSQLite || standard != "NULL" ? standard : nil)
            })
    }

    private static func kind(_ type: String) -> String {
        switch type.lowercased() {
        case "text", "varchar(255)", "varchar", "mediumtext": "text"
        case "integer", "bigint", "tinyint", "int": "integer"
        case "blob", "mediumblob", "varbinary": "bytes"
        case let other: other
        }
    }

    func indexes() async throws -> Set<Index> {
        let query: SQLStatement =
            isSQLite
            ? """
            SELECT m.name, i.name, i."unique", c.name FROM sqlite_master AS m
                JOIN pragma_index_list(m.name) AS i JOIN pragma_index_info(i.name) AS c
            WHERE m.type = 'table' AND m.name NOT IN ('schema_migrations', 'sqlite_stat1') ORDER BY m.name, i.name, c.seqno
            """
            : """
            SELECT table_name, index_name, non_unique = 0, column_name FROM information_schema.statistics
            WHERE table_schema = DATABASE() AND table_name <> 'schema_migrations'
            ORDER BY table_name, index_name, seq_in_index
            """
        let rows = try await database.read { try $0.query(query, []) }
        var columns: [[String]: (isUnique: Bool, columns: [String])] = [:]
        for row in rows {
            let (isUnique, column) = (try row.integer(2) == 1, try row.text(3))
            columns[[try row.text(0), try row.text(1)], default: (isUnique, [])].columns.append(column)
        }
        return Set(columns.map { Index(table: $0.key[0], columns: $0.value.columns, isUnique: $0.value.isUnique) })
    }

    func references() async throws -> Set<Reference> {
        let query: SQLStatement =
            isSQLite
            ? """
            SELECT m.name, CAST(f.id AS TEXT), f."table", f.on_delete, f."from" FROM sqlite_master AS m
                JOIN pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq
            """
            : """
            SELECT k.table_name, k.constraint_name, k.referenced_table_name, r.delete_rule, k.column_name
            FROM information_schema.key_column_usage AS k JOIN information_schema.referential_constraints AS r
                ON r.constraint_schema = k.table_schema AND r.constraint_name = k.constraint_name
                    AND r.table_name = k.table_name
            WHERE k.table_schema = DATABASE() ORDER BY k.table_name, k.constraint_name, k.ordinal_position
            """
        let rows = try await database.read { try $0.query(query, []) }
        var found: [[String]: [String]] = [:]
        for row in rows {
            found[[try row.text(0), try row.text(1), try row.text(2), try row.text(3)], default: []]
                .append(try row.text(4))
        }
        return Set(
            found.map { Reference(table: $0.key[0], columns: $0.value, target: $0.key[2], onDelete: $0.key[3]) })
    }
}

extension SQLRow {
    fileprivate func optionalString(_ column: Int) -> String? { try? text(column) }
}
