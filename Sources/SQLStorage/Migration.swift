import Crypto
import JOSE

/// One step of the schema. Once released it is never edited: what changes is a new step.
package struct Migration: Sendable {
    package let version: Int
    package let name: String
    package let statements: [SQLStatement]

    package init(version: Int, name: String, statements: [SQLStatement]) {
        self.version = version
        self.name = name
        self.statements = statements
    }

    /// Tells whether a step that ran is the one that this program knows.
    var checksum: String {
        Base64URL.encode(Array(SHA256.hash(data: Array(statements.map(\.text).joined(separator: ";\n").utf8))))
    }
}
