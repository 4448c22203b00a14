import Crypto
import CryptoExtras
import SwiftASN1
import X509

/// A certificate of an attestation statement: its key, and the requirements of WebAuthn L3 §8.2.1.
struct AttestationCertificate: Sendable {
    let key: SignatureKey
    private let certificate: X509Certificate

    init(parsing der: [UInt8]) throws(WebAuthnRefusal) {
        guard let certificate = try? X509Certificate(der: der), let key = SignatureKey(certificate.content.publicKey)
        else { throw WebAuthnRefusal("8.2.1", "the certificate is malformed, or its key is not supported") }
        self.certificate = certificate
        self.key = key
    }

    /// Checks the requirements of WebAuthn L3 §8.2.1, and that the certificate is for this
    /// model of authenticator (§8.2).
    func checkPackedRequirements(aaguid: [UInt8]) throws(WebAuthnRefusal) {
        func demand(_ holds: Bool, _ reason: String) throws(WebAuthnRefusal) {
            guard holds else { throw WebAuthnRefusal("8.2.1", "the certificate \(reason)") }
        }
        let countries = certificate.subjectTexts(.RDNAttributeType.countryName)
        try demand(certificate.content.version == .v3, "is not version 3")
        try demand(
            !countries.isEmpty && countries.allSatisfy { $0.utf8.count == 2 }, "names no country with a two-letter code"
        )
        try demand(!certificate.subjectTexts(.RDNAttributeType.organizationName).isEmpty, "names no vendor")
        try demand(
            certificate.subjectTexts(.RDNAttributeType.organizationalUnitName) == ["Authenticator Attestation"],
            "does not have the organizational unit Authenticator Attestation")
        try demand(!certificate.subjectTexts(.RDNAttributeType.commonName).isEmpty, "has no common name")
        try demand(
            (try? certificate.content.extensions.basicConstraints) == .notCertificateAuthority,
            "belongs to a certificate authority")
        guard let model = certificate.content.extensions[oid: .aaguid] else { return }
        try demand(!model.critical, "marks its AAGUID as critical")
        let value = try? ASN1OctetString(derEncoded: Array(model.value))
        try demand(value.map { Array($0.bytes) == aaguid } == true, "has a different AAGUID")
    }
}

extension SignatureKey {
    /// `nil` for a kind of key that is not supported for credentials either.
    fileprivate init?(_ key: Certificate.PublicKey) {
        if let key = P256.Signing.PublicKey(key) {
            self = .p256(key)
        } else if let key = Curve25519.Signing.PublicKey(key) {
            self = .ed25519(key)
        } else if let key = _RSA.Signing.PublicKey(key) {
            self = .rsa(key)
        } else {
            return nil
        }
    }
}

extension ASN1ObjectIdentifier {
    /// `id-fido-gen-ce-aaguid`.
    fileprivate static let aaguid: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 45_724, 1, 1, 4]
}
