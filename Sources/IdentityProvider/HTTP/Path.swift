/// A path below the issuer. The file of the endpoint that serves it declares it, once; everything else uses its name.
package struct Path: Hashable, Sendable {
    /// With a leading slash.
    package let text: String

    package init(_ text: String) { self.text = text }
}

extension Path: CustomStringConvertible {
    package var description: String { text }
}
