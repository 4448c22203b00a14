package enum URIText {
    /// Whether `text` is visible ASCII without `"`, `\`, `<` and `>` (RFC 3986 §2), and at most 2,048 bytes. Such a
    /// text can't inject header lines or compare equal to a different text.
    package static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 2_048
            && text.utf8.allSatisfy {
                (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C && $0 != 0x3C && $0 != 0x3E
            }
    }
}
