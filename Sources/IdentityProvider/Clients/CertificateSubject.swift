import Authenticators
import JOSE

/// The subject of a client's certificates, registered for `tls_client_auth` by exactly one name (RFC 8705 §2.1.2).
enum CertificateSubject: Hashable, Sendable {
    case distinguishedName(RegisteredName)
    case dnsName(String)
    case uri(String)
    /// In binary, because the same IPv6 address has several text forms.
    case address([UInt8])
    case email(String)

    static let members = [
        "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri", "tls_client_auth_san_ip",
        "tls_client_auth_san_email",
    ]

    /// Returns `nil` if no name is registered. Reports a second one.
    init?(_ reader: inout DocumentReader) {
        let names = [
            reader.value("tls_client_auth_subject_dn", Self.parseDistinguishedName),
            reader.value("tls_client_auth_san_dns", Self.parseDNSName),
            reader.value("tls_client_auth_san_uri", Self.parseURI),
            reader.value("tls_client_auth_san_ip", Self.parseAddress),
            reader.value("tls_client_auth_san_email", Self.parseEmail),
        ].compactMap(\.self)
        guard let first = names.first else { return nil }
        for other in names.dropFirst() {
            reader.report(
                other.member, "cannot be combined with \(first.member): register exactly one (RFC 8705 §2.1.2)")
        }
        self = first
    }

    var member: String {
        switch self {
        case .distinguishedName: Self.members[0]
        case .dnsName: Self.members[1]
        case .uri: Self.members[2]
        case .address: Self.members[3]
        case .email: Self.members[4]
        }
    }

    /// Returns whether `certificate` is for this subject. Names are compared exactly, without wildcards.
    func matches(_ certificate: X509Certificate) -> Bool {
        if case .distinguishedName(let name) = self { return certificate.hasSubject(name.text) }
        guard let names = try? AlternativeNames(of: certificate) else { return false }
        return switch self {
        case .distinguishedName: false
        case .dnsName(let name): names.contains(dnsName: name)
        case .uri(let uri): names.contains(uri: uri)
        case .address(let address): names.contains(address: address)
        case .email(let address): names.contains(email: address)
        }
    }

    private static func parseDistinguishedName(_ text: String) throws(InvalidValue) -> CertificateSubject {
        do { return .distinguishedName(try RegisteredName(text)) } catch {
            throw InvalidValue("must be a distinguished name such as CN=client,O=Example,C=US, but \(error.reason)")
        }
    }

    private static func parseDNSName(_ text: String) throws(InvalidValue) -> CertificateSubject {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !text.contains("*") else {
            throw InvalidValue("must be a host name in ASCII without a wildcard, such as client.example.com")
        }
        return .dnsName(text)
    }

    private static func parseURI(_ text: String) throws(InvalidValue) -> CertificateSubject {
        guard URIText.isPlain(text), text.contains(":") else { throw InvalidValue("must be an absolute URI") }
        return .uri(text)
    }

    private static func parseAddress(_ text: String) throws(InvalidValue) -> CertificateSubject {
        guard let address = IPAddress(text) else { throw InvalidValue("must be an IPv4 or IPv6 address") }
        return .address(address.bytes)
    }

    private static func parseEmail(_ text: String) throws(InvalidValue) -> CertificateSubject {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), text.split(separator: "@").count == 2 else {
            throw InvalidValue("must be an email address in ASCII")
        }
        return .email(text)
    }
}

extension Client {
    /// Checks what the client registered about its certificates.
    func checkCertificates(_ reader: inout DocumentReader) {
        if authenticationMethod == TLSClientAuth.self {
            if certificateSubject == nil, !CertificateSubject.members.contains(where: { reader.hasProblem(in: $0) }) {
                let others = CertificateSubject.members.dropFirst().joined(separator: ", ")
                reader.report(
                    CertificateSubject.members[0], "is required for \(authenticationMethod.name), or one of \(others)")
            }
        } else if let certificateSubject {
            reader.report(certificateSubject.member, "is allowed only for \(TLSClientAuth.name)")
        }
        guard authenticationMethod == SelfSignedTLSClientAuth.self else { return }
        for key in keys?.keys ?? [] {
            guard let der = key.certificate, (try? X509Certificate(der: der))?.isFor(key) != true else { continue }
            reader.report("jwks", "must have in x5c the certificate of the same key (RFC 7517 §4.7): \(key)")
        }
    }
}
