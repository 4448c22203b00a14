import Crypto
package import FoundationEssentials
import JOSE
import SwiftASN1
import X509

/// A certificate (RFC 5280 §4.1), parsed but not verified.
///
/// Don't use thumbprints to deny a certificate: the same certificate can be encoded in several ways that all parse,
/// each with its own thumbprint.
package struct X509Certificate: Hashable, Sendable {
    package let der: [UInt8]
    let content: Certificate

    /// Throws `InvalidCertificate`, including for keys and signatures of an unsupported algorithm.
    package init(der: [UInt8]) throws(InvalidCertificate) {
        do { content = try Certificate(derEncoded: der) } catch { throw InvalidCertificate(reason: "\(error)") }
        self.der = der
    }

    /// Parses the certificates of a PEM file (RFC 7468 §5), at least one. Throws `InvalidCertificate`.
    package static func parse(pem: String) throws(InvalidCertificate) -> [X509Certificate] {
        let documents: [PEMDocument]
        do { documents = try PEMDocument.parseMultiple(pemString: pem) } catch {
            throw InvalidCertificate(reason: "\(error)")
        }
        guard !documents.isEmpty else { throw InvalidCertificate(reason: "no PEM block, expected CERTIFICATE") }
        var certificates: [X509Certificate] = []
        for document in documents {
            guard document.discriminator == Certificate.defaultPEMDiscriminator else {
                throw InvalidCertificate(reason: "a PEM block \(document.discriminator.excerpt), expected CERTIFICATE")
            }
            certificates.append(try X509Certificate(der: document.derBytes))
        }
        return certificates
    }

    package static func == (left: X509Certificate, right: X509Certificate) -> Bool { left.der == right.der }
    package func hash(into hasher: inout Hasher) { hasher.combine(der) }

    /// `x5t#S256` (RFC 8705 §3.1).
    package var thumbprint: String { Base64URL.encode(Array(SHA256.hash(data: der))) }

    package var notBefore: Date { content.notValidBefore }
    package var notAfter: Date { content.notValidAfter }

    /// The subject's distinguished name (RFC 4514), for display. `hasSubject` compares it.
    package var subject: String { content.subject.rfc4514 }

    /// Returns whether the subject is the registered `tls_client_auth_subject_dn` (RFC 8705 §2.1.2).
    package func hasSubject(_ name: String) -> Bool { subject.isIdentical(to: name) }

    /// Returns the subject's attributes of one type that are text, in order.
    func subjectTexts(_ type: ASN1ObjectIdentifier) -> [String] {
        content.subject.flatMap { $0 }.filter { $0.type == type }.compactMap { String($0.value) }
    }
}

package struct InvalidCertificate: Error {
    package let reason: String

    init(reason: String) { self.reason = reason.excerpt }
}

extension String {
    /// Returns whether both have the same bytes; `==` would equate canonically equivalent texts. Never true with
    /// U+FFFD, which stands for any bytes that were not UTF-8.
    func isIdentical(to other: String) -> Bool {
        utf8.elementsEqual(other.utf8) && !unicodeScalars.contains("\u{FFFD}")
    }

    /// The first 300 code points, for errors, because certificates can contain arbitrary text.
    var excerpt: String { String(String.UnicodeScalarView(unicodeScalars.prefix(300))) }
}
