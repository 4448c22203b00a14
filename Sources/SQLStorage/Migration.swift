import Crypto
import JOSE

/// One step of the schema. A released migration is never edited; further changes are new migrations.
package struct Migration: Sendable {
    package let version: Int
    package let name: String
    package let statements: [SQLStatement]

    package init(version: Int, name: String, statements: [SQLStatement]) {
        self.version = version
        self.name = name
        self.statements = statements
    }

    /// Reveals whether an applied migration differs from the one in this program.
    var checksum: String {
        Base64URL.encode(Array(SHA256.hash(data: Array(statements.map(\.text).joined(separator: ";\n").utf8))))
    }
}
