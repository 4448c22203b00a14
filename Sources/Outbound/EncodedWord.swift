import FoundationEssentials

/// Text in a header field (RFC 2047).
enum EncodedWord {
    /// As it is where it is plain, else as base64 words of at most 75 characters, folded. Whatever the text holds, it stays
    /// one field.
    static func encode(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { 0x20...0x7E ~= $0 && !"\"(),.:;<>@[\\]=?_".utf8.contains($0) }
        guard !isPlain || text.utf8.count > 60 || text.first == " " || text.last == " " else { return text }
        var words: [[UInt8]] = [[]]
        for character in text {
            // 39 bytes make a word of 64 characters, which leaves room for the field's name: lines have at most 76 (§2).
            // A letter is not cut in two (§5) unless it is longer than that by itself.
            let bytes = Array(String(character).utf8)
            if words[words.count - 1].count + bytes.count > 39 { words.append([]) }
            words[words.count - 1] += bytes.prefix(39)
        }
        return words.filter { !$0.isEmpty }.map { "=?utf-8?B?\(Data($0).base64EncodedString())?=" }
            .joined(separator: "\r\n ")
    }
}
