import FoundationEssentials

/// Encodes text for a header field (RFC 2047).
enum EncodedWord {
    /// Returns plain text unchanged, and other text as folded base64 words of at most 75 characters. Whatever the text
    /// contains, it stays within one field.
    static func encode(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { 0x20...0x7E ~= $0 && !"\"(),.:;<>@[\\]=?_".utf8.contains($0) }
        guard !isPlain || text.utf8.count > 60 || text.first == " " || text.last == " " else { return text }
        var words: [[UInt8]] = [[]]
        for character in text {
            // 39 bytes make a word of 64 characters, which leaves room for the field's name in a line of 76 (§2). A
            // character is not split (§5), but truncated if it is longer than that by itself.
            let bytes = Array(String(character).utf8)
            if words[words.count - 1].count + bytes.count > 39 { words.append([]) }
            words[words.count - 1] += bytes.prefix(39)
        }
        return words.filter { !$0.isEmpty }.map { "=?utf-8?B?\(Data($0).base64EncodedString())?=" }
            .joined(separator: "\r\n ")
    }
}
