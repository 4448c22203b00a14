import Logging

/// A log line as a JSON object, written into a single buffer because it is on the path of every request.
struct JSONLine {
    private var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(512) }

    /// The line, without its terminator.
    var finished: [UInt8] {
        consuming get {
            bytes.append(UInt8(ascii: "}"))
            return bytes
        }
    }

    /// Appends a member. `value` must write exactly one value.
    mutating func member(_ name: String, _ value: (inout JSONLine) -> Void) {
        bytes.append(UInt8(ascii: bytes.isEmpty ? "{" : ","))
        text(name)
        bytes.append(UInt8(ascii: ":"))
        value(&self)
    }

    mutating func value(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): self.text(text)
        case .stringConvertible(let object): text("\(object)")
        case .array(let values):
            list("[", values, "]") { $0.value($1) }
        case .dictionary(let members):
            list("{", members.sorted { $0.key < $1.key }, "}") { line, member in
                line.text(member.key)
                line.bytes.append(UInt8(ascii: ":"))
                line.value(member.value)
            }
        }
    }

    mutating func text(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        // Nearly every text can be copied at once.
        if text.utf8.allSatisfy(Self.isPlain) {
            bytes.append(contentsOf: text.utf8)
        } else {
            for scalar in text.unicodeScalars { escape(scalar) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends numbers in the format of trace IDs.
    mutating func hexadecimal(_ numbers: UInt64...) {
        bytes.append(UInt8(ascii: "\""))
        for number in numbers { Hexadecimal.append(number, to: &bytes) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func list<Element>(
        _ opening: Unicode.Scalar, _ elements: [Element], _ closing: Unicode.Scalar,
        _ write: (inout JSONLine, Element) -> Void
    ) {
        bytes.append(UInt8(ascii: opening))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(&self, element)
        }
        bytes.append(UInt8(ascii: closing))
    }

    /// Whether the byte is visible ASCII that needs no escaping (RFC 8259 §7).
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func escape(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": bytes.append(contentsOf: "\\\"".utf8)
        case "\\": bytes.append(contentsOf: "\\\\".utf8)
        case "\n": bytes.append(contentsOf: "\\n".utf8)
        case "\r": bytes.append(contentsOf: "\\r".utf8)
        case "\t": bytes.append(contentsOf: "\\t".utf8)
        case _ where scalar.isControl: bytes.append(contentsOf: scalar.escaped.utf8)
        default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }
}
