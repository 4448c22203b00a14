/// A path below the issuer. Each path is declared as a static member in the file of its endpoint, and used by that name
/// everywhere else.
package struct Path: Hashable, Sendable {
    /// With a leading slash.
    package let text: String

    package init(_ text: String) { self.text = text }
}

extension Path: CustomStringConvertible {
    package var description: String { text }
}
