import Authenticators
import Foundation
import HTTPTypes
@testable import IdentityProvider
@testable import Server

/// Certificates of clients, in DER as TLS brings them, and in the header fields of proxies: RFC 9440, and nginx's
/// percent-encoded PEM. In a text, the lines after an empty one are those of the chain.
enum CertificateFuzz {
    static func check(_ input: [UInt8]) {
        checkCertificate(input)
        let lines = String(decoding: input, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let (values, chain) = (lines.prefix { !$0.isEmpty }, lines.drop { !$0.isEmpty }.dropFirst())
        guard let certificates = take(values.map(String.init), chain.map(String.init)) else { return }
        require(values.isEmpty == certificates.isEmpty, "certificates come only from the field")
        guard let first = certificates.first else { return }
        require(certificates.allSatisfy { !$0.isEmpty }, "no certificate is empty")
        let others = certificates.dropFirst().map(sequence).joined(separator: ", ")
        let again = take([sequence(first)], others.isEmpty ? [] : [others])
        require(again == certificates, "a chain survives RFC 9440")
        for certificate in certificates { checkCertificate(certificate) }
    }

    private static func checkCertificate(_ der: [UInt8]) {
        guard let certificate = try? X509Certificate(der: der) else { return }
        require((try? X509Certificate(der: der + [0])) == nil, "nothing may follow a certificate")
        require(certificate.thumbprint.utf8.count == 43, "a thumbprint has a fixed length")
        _ = try? AlternativeNames(of: certificate)
        let subject = certificate.subject
        guard !subject.isEmpty, !subject.unicodeScalars.contains("\u{FFFD}") else { return }
        let name = try? RegisteredName(subject)
        require(name.map { certificate.hasSubject($0.text) } == true, "a subject can be registered as it is written")
    }

    private static let field: CertificateField = {
        guard let field = try? CertificateField("Client-Cert", at: "https://a") else {
            fatalError("the field is invalid")
        }
        return field
    }()

    private static func take(_ values: [String], _ chain: [String]) -> [[UInt8]]? {
        var fields = HTTPFields()
        for value in values { fields.append(HTTPField(name: field.name, value: value)) }
        for value in chain { fields.append(HTTPField(name: field.chainName, value: value)) }
        let taken = field.take(from: &fields)
        require(fields.isEmpty, "the fields are removed")
        return try? taken.get()
    }

    private static func sequence(_ bytes: [UInt8]) -> String { ":\(Data(bytes).base64EncodedString()):" }
}
