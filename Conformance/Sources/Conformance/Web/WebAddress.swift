import Foundation

/// An absolute URL that is parsed textually, so that it is never normalized.
package struct WebAddress: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { text }
    package var scheme: String { String(text.prefix { $0 != ":" }).lowercased() }
    package var isSecure: Bool { scheme == "https" }

    /// `scheme://host:port` in lowercase.
    package var origin: String {
        let rest = text.dropFirst(scheme.count + 3)
        return "\(scheme)://\(rest.prefix { !"/?#".contains($0) })".lowercased()
    }

    package var host: String { URL(string: text)?.host() ?? "" }
    package var path: String { URL(string: text)?.path(percentEncoded: true) ?? "" }

    /// The address without query and fragment.
    package var base: String { String(text.prefix { $0 != "?" && $0 != "#" }) }

    package var query: String? {
        let beforeFragment = text.prefix { $0 != "#" }
        return beforeFragment.firstIndex(of: "?").map { String(beforeFragment[beforeFragment.index(after: $0)...]) }
    }

    package var fragment: String? {
        text.firstIndex(of: "#").map { String(text[text.index(after: $0)...]) }
    }

    package func adding(_ parameters: [Parameter]) -> WebAddress {
        guard !parameters.isEmpty else { return self }
        return WebAddress("\(text)\(text.contains("?") ? "&" : "?")\(FormEncoding.encode(parameters))")
    }

    /// Resolves `reference` against this address (RFC 3986 §5). Returns `nil` if it is invalid.
    package func resolving(_ reference: String) -> WebAddress? {
        guard !reference.isEmpty else { return self }
        guard let base = URL(string: text), let url = URL(string: reference, relativeTo: base),
            url.absoluteURL.scheme != nil
        else { return nil }
        // Absolute references are kept verbatim.
        return WebAddress(reference.contains("://") ? reference : url.absoluteString)
    }

    package var isLoopback: Bool { ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host) }
}
