/// A path below the issuer. Each path is declared as a static member in the file of its endpoint, and used by that name
/// everywhere else.
package struct Path: Hashable, Sendable {
    /// With a leading slash. One segment may be a variable, such as `{upstream}`.
    package let text: String

    package init(_ text: String) { self.text = text }
}

extension Path: CustomStringConvertible {
    package var description: String { text }
}

extension Path {
    /// The text before and after the variable; `nil` without one.
    private var parts: (prefix: Substring, suffix: Substring)? {
        guard let start = text.firstIndex(of: "{"), let end = text.lastIndex(of: "}") else { return nil }
        return (text[..<start], text[text.index(after: end)...])
    }

    package var hasVariable: Bool { parts != nil }

    /// Returns the value of the variable in `path`, which is one segment as it was sent. `nil` if `path` doesn't match.
    package func value(in path: some StringProtocol) -> String? {
        guard let (prefix, suffix) = parts, path.hasPrefix(prefix), path.hasSuffix(suffix),
            path.utf8.count > prefix.utf8.count + suffix.utf8.count
        else { return nil }
        let value = path.dropFirst(prefix.count).dropLast(suffix.count)
        return value.isEmpty || value.utf8.contains(UInt8(ascii: "/")) ? nil : String(value)
    }

    /// Returns the path with `value` for its variable.
    package func with(_ value: String) -> Path {
        guard let (prefix, suffix) = parts else { return self }
        return Path(prefix + value + suffix)
    }
}
