/// The `tracestate` of other systems (W3C Trace Context Level 1 §3.3). It is passed on unchanged or not at all.
enum TraceState {
    /// The length that must be passed on. Longer values are dropped.
    private static let limit = 512
    private static let memberLimit = 32

    static func isValid(_ text: String) -> Bool {
        guard (1...limit).contains(text.utf8.count) else { return false }
        var keys: Set<Substring> = []
        for part in text.split(separator: ",") {
            let member = part.drop(while: isSpace)
            // Members may be empty (§3.3.1.1).
            if member.isEmpty { continue }
            guard let mark = member.firstIndex(of: "="), isKey(member[..<mark]),
                isValue(member[member.index(after: mark)...]), keys.insert(member[..<mark]).inserted
            else { return false }
        }
        return (1...memberLimit).contains(keys.count)
    }

    private static func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" }

    /// A key, with or without a tenant before an `@` (§3.3.1.3.1).
    private static func isKey(_ key: Substring) -> Bool {
        let parts = key.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard key.utf8.count <= 256, parts.count <= 2 else { return false }
        return parts.allSatisfy { part in
            guard let first = part.first, isLetter(first) || isDigit(first) else { return false }
            return part.allSatisfy { isLetter($0) || isDigit($0) || "_-*/".utf8.contains($0) }
        }
    }

    /// Visible ASCII and spaces, except `,` and `=` (§3.3.1.3.2). Trailing spaces are not part of the value.
    private static func isValue(_ value: Substring) -> Bool {
        let bytes = value.utf8
        return (1...256).contains(bytes.count) && bytes.contains { $0 != UInt8(ascii: " ") }
            && bytes.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
