import Crypto
package import FoundationEssentials
import JOSE
import SwiftASN1
import X509

/// A certificate (RFC 5280 §4.1), read but not verified.
package struct X509Certificate: Hashable, Sendable {
    package let der: [UInt8]
    let content: Certificate

    /// Throws `InvalidCertificate`, also if the key or the signature is of a kind that cannot be verified here.
    package init(der: [UInt8]) throws(InvalidCertificate) {
        do { content = try Certificate(derEncoded: der) } catch { throw InvalidCertificate(reason: "\(error)") }
        self.der = der
    }

    /// The certificates of a PEM file (RFC 7468 §5), of which there must be one at least.
    package static func parse(pem: String) throws(InvalidCertificate) -> [X509Certificate] {
        let documents: [PEMDocument]
        do { documents = try PEMDocument.parseMultiple(pemString: pem) } catch {
            throw InvalidCertificate(reason: "\(error)")
        }
        guard !documents.isEmpty else { throw InvalidCertificate(reason: "no PEM block, expected CERTIFICATE") }
        var certificates: [X509Certificate] = []
        for document in documents {
            guard document.discriminator == Certificate.defaultPEMDiscriminator else {
                throw InvalidCertificate(reason: "a PEM block \(document.discriminator), expected CERTIFICATE")
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

    /// The subject's distinguished name as `tls_client_auth_subject_dn` states it (RFC 8705 §2.1.2, RFC 4514).
    package var subject: String { content.subject.rfc4514 }

    /// The subject's attributes of one type, in order, if they are text.
    func subjectTexts(_ type: ASN1ObjectIdentifier) -> [String] {
        content.subject.flatMap { $0 }.filter { $0.type == type }.compactMap { String($0.value) }
    }
}

package struct InvalidCertificate: Error {
    package let reason: String
}
