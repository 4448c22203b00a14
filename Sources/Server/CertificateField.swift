import FoundationEssentials
import HTTPTypes
package import IdentityProvider

/// The header field in which trusted proxies pass the certificate that a client presented to them: as RFC 9440 defines
/// it for `Client-Cert`, or as nginx writes `$ssl_client_escaped_cert`. The rest of the chain comes in the field with
/// `-Chain` after the name (RFC 9440 §2.3).
package struct CertificateField: Sendable {
    let name: HTTPField.Name
    let chainName: HTTPField.Name
    /// The host at which the proxies ask for certificates, in each spelling.
    private let authorities: [String]

    /// The field counts only in requests to `origin`, because the proxies may forward other hosts without replacing it.
    /// Throws for anything but a field name that has no other meaning.
    package init(_ text: String, at origin: String) throws(InvalidValue) {
        guard let name = HTTPField.Name(text), let chainName = HTTPField.Name("\(text)-Chain"),
            name == .clientCertificate || name.canonicalName.hasPrefix("x-"),
            !name.canonicalName.hasPrefix("x-forwarded-"), name != .requestID
        else { throw InvalidValue("must be Client-Cert or a name that starts with X-, such as X-SSL-Client-Cert") }
        self.name = name
        self.chainName = chainName
        authorities = RouteTable.spellings(of: String(origin.dropFirst("https://".count)), isSecure: true)
    }

    func isExpected(at authority: String) -> Bool { authorities.contains(authority) }

    /// Removes both fields and returns the chain in DER, the client's certificate first. Empty without the field: the
    /// client presented no certificate (RFC 9440 §2.4).
    func take(from fields: inout HTTPFields) -> Result<[[UInt8]], OAuthError> {
        let (certificates, chain) = (fields[values: name], fields[values: chainName])
        (fields[name], fields[chainName]) = (nil, nil)
        return Result { () throws(OAuthError) in try Self.parse(certificates, chain) }
    }

    private static func parse(_ certificates: [String], _ chain: [String]) throws(OAuthError) -> [[UInt8]] {
        guard let text = certificates.first, certificates.count == 1 else {
            guard certificates.isEmpty, chain.isEmpty else { throw malformed }
            return []
        }
        // A byte sequence starts with a colon (RFC 8941 §3.3.5), and PEM never does.
        if text.hasPrefix(":") {
            // A list may be split over several lines (RFC 9440 §2.3).
            let others = chain.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
            var all = [try bytes(text)]
            for other in others { all.append(try bytes(other.trimmingSpace)) }
            return all
        }
        guard chain.isEmpty else { throw malformed }
        return [try escapedPEM(text)]
    }

    /// Parses a byte sequence (RFC 8941 §3.3.5) without parameters.
    private static func bytes(_ text: some StringProtocol) throws(OAuthError) -> [UInt8] {
        guard text.utf8.count > 2, text.first == ":", text.last == ":" else { throw malformed }
        return try base64(String(text.dropFirst().dropLast()))
    }

    private static func base64(_ text: String) throws(OAuthError) -> [UInt8] {
        // The decoder accepts more padding than there should be.
        guard text.utf8.count % 4 == 0, let data = Data(base64Encoded: text), !data.isEmpty else { throw malformed }
        return Array(data)
    }

    /// Parses one certificate in PEM (RFC 7468 §5) with percent-encoding (RFC 3986 §2.1).
    private static func escapedPEM(_ text: String) throws(OAuthError) -> [UInt8] {
        let lines = try unescape(text).split(separator: "\n")
        guard lines.first == "-----BEGIN CERTIFICATE-----", lines.last == "-----END CERTIFICATE-----" else {
            throw malformed
        }
        return try base64(lines.dropFirst().dropLast().joined())
    }

    private static func unescape(_ text: String) throws(OAuthError) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16) else {
                throw malformed
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let malformed = OAuthError.invalidRequest("the client certificate from the proxy is malformed")
}

extension HTTPField.Name {
    /// RFC 9440 §2.2.
    static let clientCertificate = HTTPField.Name("Client-Cert") ?? .via
}

extension Substring {
    /// Without optional white space around a list member (RFC 9110 §5.6.1).
    fileprivate var trimmingSpace: Substring {
        var text = self.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
