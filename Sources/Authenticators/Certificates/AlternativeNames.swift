import SwiftASN1
import X509

/// The alternative names of a certificate's subject (RFC 5280 §4.2.1.6), by the kinds that a client can register
/// (RFC 8705 §2.1.2).
package struct AlternativeNames: Hashable, Sendable {
    /// `tls_client_auth_san_dns`.
    package private(set) var dnsNames: [String] = []
    /// `tls_client_auth_san_uri`.
    package private(set) var uris: [String] = []
    /// `tls_client_auth_san_ip`: 4 or 16 bytes, because addresses are compared in binary.
    package private(set) var addresses: [[UInt8]] = []
    /// `tls_client_auth_san_email`.
    package private(set) var emails: [String] = []

    /// Ignores other kinds of names. Throws `InvalidCertificate`.
    package init(of certificate: X509Certificate) throws(InvalidCertificate) {
        let names: SubjectAlternativeNames?
        do { names = try certificate.content.extensions.subjectAlternativeNames } catch {
            throw InvalidCertificate(reason: "\(error)")
        }
        for name in names ?? SubjectAlternativeNames() {
            switch name {
            case .dnsName(let name): dnsNames.append(name)
            case .uniformResourceIdentifier(let uri): uris.append(uri)
            case .rfc822Name(let address): emails.append(address)
            case .ipAddress(let address):
                guard address.bytes.count == 4 || address.bytes.count == 16 else {
                    throw InvalidCertificate(reason: "an IP address of \(address.bytes.count) bytes, expected 4 or 16")
                }
                addresses.append(Array(address.bytes))
            default: break
            }
        }
    }

    package func contains(dnsName name: String) -> Bool { dnsNames.contains { $0.isIdentical(to: name) } }
    package func contains(uri: String) -> Bool { uris.contains { $0.isIdentical(to: uri) } }
    package func contains(email: String) -> Bool { emails.contains { $0.isIdentical(to: email) } }
    package func contains(address: [UInt8]) -> Bool { addresses.contains(address) }
}
