/// Checks on the text of a URI.
package enum URIText {
    /// Visible ASCII, as a URI is (RFC 3986 §2): nothing that could end a header line or confuse a comparison.
    package static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 2_048
            && text.utf8.allSatisfy {
                (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C && $0 != 0x3C && $0 != 0x3E
            }
    }
}
