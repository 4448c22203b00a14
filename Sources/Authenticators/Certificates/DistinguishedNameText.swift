import SwiftASN1
import X509

extension DistinguishedName {
    /// RFC 4514 §2.1: the most specific part first.
    var rfc4514: String { reversed().map { $0.map(\.rfc4514).joined(separator: "+") }.joined(separator: ",") }
}

extension RelativeDistinguishedName.Attribute {
    /// RFC 4514 §2.2.
    fileprivate var rfc4514: String {
        guard let name = Self.names[type], let text = String(value) else { return "\(type)=\(hexadecimal)" }
        return "\(name)=\(Self.escape(text))"
    }

    /// RFC 4514 §3. Other types have no standard short name.
    static let names: [ASN1ObjectIdentifier: String] = [
        [2, 5, 4, 3]: "CN", [2, 5, 4, 7]: "L", [2, 5, 4, 8]: "ST", [2, 5, 4, 10]: "O", [2, 5, 4, 11]: "OU",
        [2, 5, 4, 6]: "C", [2, 5, 4, 9]: "STREET", [0, 9, 2342, 19_200_300, 100, 1, 25]: "DC",
        [0, 9, 2342, 19_200_300, 100, 1, 1]: "UID",
    ]

    /// RFC 4514 §2.4.
    static func escape(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var escaped = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() {
            let isEdge = index == 0 || index == scalars.count - 1
            switch scalar {
            case "\"", "+", ",", ";", "<", ">", "\\": escaped += ["\\", scalar]
            case " " where isEdge: escaped += ["\\", " "]
            case "#" where index == 0: escaped += ["\\", "#"]
            case "\0"..."\u{1F}", "\u{7F}": escaped += "\\\(hexadecimal(UInt8(scalar.value)))".unicodeScalars
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }

    /// `#` and the DER of the value (RFC 4514 §2.4).
    private var hexadecimal: String {
        var serializer = DER.Serializer()
        // Anything that was parsed can be serialized.
        guard (try? serializer.serialize(ASN1Any(value))) != nil else { return "#" }
        return "#" + serializer.serializedBytes.map(Self.hexadecimal).joined()
    }

    private static func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}
