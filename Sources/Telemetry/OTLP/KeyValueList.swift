/// The format `name=value,name=value` with percent-encoded values, in which OpenTelemetry environment variables hold
/// attributes and header fields.
package enum KeyValueList {
    /// Returns `nil` if any part is malformed, because a partial list could mean something else.
    package static func parse(_ text: String) -> [(name: String, value: String)]? {
        var pairs: [(name: String, value: String)] = []
        for part in text.split(separator: ",") where !part.allSatisfy(isSpace) {
            guard let mark = part.firstIndex(of: "="), let value = decoded(trimmed(part[part.index(after: mark)...]))
            else { return nil }
            let name = trimmed(part[..<mark])
            guard !name.isEmpty else { return nil }
            pairs.append((String(name), value))
        }
        return pairs
    }

    private static func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return text
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
