/// A statement made of literals alone: a `StaticString` exists only where one stands in the source, so no value from
/// outside can become part of a statement.
package struct SQLStatement: Sendable, Hashable, ExpressibleByStringInterpolation {
    package let text: String

    package init(stringLiteral literal: StaticString) { text = literal.description }
    package init(stringInterpolation parts: StringInterpolation) { text = parts.text }

    /// Takes other statements and nothing else.
    package struct StringInterpolation: StringInterpolationProtocol {
        var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }
        package mutating func appendLiteral(_ literal: StaticString) { text += literal.description }
        package mutating func appendInterpolation(_ part: SQLStatement) { text += part.text }
    }
}

extension [SQLStatement] {
    /// One after the other; there must be one at least.
    func joined(by separator: SQLStatement = ", ") -> SQLStatement {
        dropFirst().reduce(self[0]) { "\($0)\(separator)\($1)" }
    }
}
