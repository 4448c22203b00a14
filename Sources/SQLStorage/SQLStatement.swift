/// An SQL statement built from literals alone. A `StaticString` comes only from source code, so input can never become
/// part of a statement.
package struct SQLStatement: Sendable, Hashable, ExpressibleByStringInterpolation {
    package let text: String

    package init(stringLiteral literal: StaticString) { text = literal.description }
    package init(stringInterpolation parts: StringInterpolation) { text = parts.text }

    /// Accepts only other statements.
    package struct StringInterpolation: StringInterpolationProtocol {
        var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }
        package mutating func appendLiteral(_ literal: StaticString) { text += literal.description }
        package mutating func appendInterpolation(_ part: SQLStatement) { text += part.text }
    }
}

extension [SQLStatement] {
    /// Joins the statements. The array must not be empty.
    func joined(by separator: SQLStatement = ", ") -> SQLStatement {
        dropFirst().reduce(self[0]) { "\($0)\(separator)\($1)" }
    }
}
