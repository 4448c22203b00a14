/// `application/x-www-form-urlencoded`, for queries and forms (RFC 6749 Appendix B).
package enum FormEncoding {
    package static func encode(_ parameters: [Parameter]) -> String {
        parameters.map { "\(encode($0.name))=\(encode($0.value))" }.joined(separator: "&")
    }

    package static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default: encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }

    package static func parse(_ text: some StringProtocol) -> [Parameter] {
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return Parameter(decode(parts[0]), parts.count > 1 ? decode(parts[1]) : "")
        }
    }

    /// Decodes leniently. Malformed sequences are kept, so that a check can find them.
    package static func decode(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        let source = Array(text.utf8)
        var index = 0
        while index < source.count {
            let byte = source[index]
            if byte == UInt8(ascii: "%"), index + 2 < source.count,
                let value = UInt8(String(decoding: source[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                index += 3
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A name and value in a query, form, or header. Names may repeat.
package struct Parameter: Hashable, Sendable {
    package let name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension [Parameter] {
    /// The value of the first parameter with this name. Setting replaces it in place or appends it; `nil` removes all.
    package subscript(name: String) -> String? {
        get { first { $0.name == name }?.value }
        set {
            guard let newValue else { return removeAll { $0.name == name } }
            if let index = firstIndex(where: { $0.name == name }) {
                self[index].value = newValue
            } else {
                append(Parameter(name, newValue))
            }
        }
    }

    package var names: Set<String> { Set(map(\.name)) }

    /// The names that occur more than once.
    package var repeated: [String] {
        var seen: Set<String> = []
        return filter { !seen.insert($0.name).inserted }.map(\.name)
    }
}
