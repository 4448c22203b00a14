import SwiftASN1
import X509

/// A distinguished name as text (RFC 4514 §3), to compare with the subjects of certificates.
package struct RegisteredName: Hashable, Sendable {
    /// In the one form that `X509Certificate.subject` uses: short names, few escapes, no spaces around separators.
    package let text: String

    /// Throws for a text that no subject has.
    package init(_ text: String) throws(InvalidDistinguishedName) {
        var parser = DistinguishedNameParser(text)
        self.text = try parser.parse()
    }
}

package struct InvalidDistinguishedName: Error {
    package let reason: String
}

private struct DistinguishedNameParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    mutating func parse() throws(InvalidDistinguishedName) -> String {
        var name = ""
        while true {
            name += try attribute()
            guard let separator = next else { return name }
            name.unicodeScalars.append(separator)
            position += 1
        }
    }

    /// Reads up to the next `,` or `+`.
    private mutating func attribute() throws(InvalidDistinguishedName) -> String {
        skipSpaces()
        let written = take { $0 != "=" && $0 != "," && $0 != "+" }.trimmed
        guard next == "=" else { throw InvalidDistinguishedName(reason: "has a part without =, expected NAME=VALUE") }
        position += 1
        let type = try Self.type(written)
        skipSpaces()
        // `X509Certificate.subject` has a short name and text, or an object identifier and DER.
        guard next == "#" else {
            let value = RelativeDistinguishedName.Attribute.escape(try value(of: written))
            guard let name = RelativeDistinguishedName.Attribute.names[type] else {
                throw InvalidDistinguishedName(reason: "has text in \(written), expected # and DER in hexadecimal")
            }
            return "\(name)=\(value)"
        }
        position += 1
        let digits = take { $0 != "," && $0 != "+" }.trimmed.lowercased()
        guard !digits.isEmpty, digits.utf8.count % 2 == 0, digits.allSatisfy(\.isHexDigit) else {
            throw InvalidDistinguishedName(reason: "has # without the hexadecimal digits of a DER value in \(written)")
        }
        return "\(type)=#\(digits)"
    }

    /// Parses a short name or an object identifier.
    private static func type(_ text: String) throws(InvalidDistinguishedName) -> ASN1ObjectIdentifier {
        let names = RelativeDistinguishedName.Attribute.names
        if let known = names.first(where: { $0.value == text.uppercased() }) { return known.key }
        // Larger arcs would overflow.
        let arcs = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt32($0).map(UInt.init) }
        guard !arcs.contains(nil), let type = try? ASN1ObjectIdentifier(elements: arcs.compactMap(\.self)) else {
            let known = names.values.sorted().joined(separator: ", ")
            throw InvalidDistinguishedName(
                reason: "has the unknown attribute \(text); write its object identifier, or one of \(known)")
        }
        return type
    }

    /// Reads a value, undoing its escapes (RFC 4514 §2.4).
    private mutating func value(of name: String) throws(InvalidDistinguishedName) -> String {
        var bytes: [UInt8] = []
        // Where the last scalar that counts ends: unescaped spaces at the end don't.
        var end = 0
        while let scalar = next, scalar != ",", scalar != "+" {
            position += 1
            if scalar == "\\" {
                bytes += try escaped(in: name)
            } else {
                guard !"\";<>\0".unicodeScalars.contains(scalar) else {
                    throw InvalidDistinguishedName(reason: "has \(scalar) without a backslash in \(name)")
                }
                bytes += Array(String(scalar).utf8)
                if scalar == " " { continue }
            }
            end = bytes.count
        }
        guard let text = String(validating: bytes.prefix(end), as: UTF8.self) else {
            throw InvalidDistinguishedName(reason: "has bytes in \(name) that are not UTF-8")
        }
        return text
    }

    private mutating func escaped(in name: String) throws(InvalidDistinguishedName) -> [UInt8] {
        if let scalar = next, " #=\"+,;<>\\".unicodeScalars.contains(scalar) {
            position += 1
            return Array(String(scalar).utf8)
        }
        let digits = String(String.UnicodeScalarView(scalars[position...].prefix(2)))
        guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let byte = UInt8(digits, radix: 16) else {
            throw InvalidDistinguishedName(
                reason: "has a backslash in \(name) before neither a special character nor two hexadecimal digits")
        }
        position += 2
        return [byte]
    }

    private mutating func take(while isPart: (Unicode.Scalar) -> Bool) -> Substring.UnicodeScalarView {
        let start = position
        while let scalar = next, isPart(scalar) { position += 1 }
        return Substring(String(String.UnicodeScalarView(scalars[start..<position]))).unicodeScalars
    }

    private mutating func skipSpaces() { while next == " " { position += 1 } }
}

extension Substring.UnicodeScalarView {
    /// Without spaces at the end.
    fileprivate var trimmed: String {
        var view = self
        while view.last == " " { view.removeLast() }
        return String(view)
    }
}
