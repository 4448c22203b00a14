import Crypto
import JOSE

/// One step of the schema. Once released it is never edited: what changes is a new step.
package struct Migration: Sendable {
    package let version: Int
    package let name: String
    package let statements: [String]

    /// Tells whether a step that ran is the one that this program knows.
    var checksum: String {
        Base64URL.encode(Array(SHA256.hash(data: Array(statements.joined(separator: ";\n").utf8))))
    }
}

extension Migration {
    /// All steps for a database, in order.
    package static func all(for dialect: SQLDialect) -> [Migration] {
        switch dialect {
        case .sqlite: sqlite
        case .mariaDB: []
        }
    }
}
