import Crypto
import CryptoExtras
import SwiftASN1
import X509

/// What attestation asks of a certificate: its key, and the demands of WebAuthn L3 §8.2.1.
struct AttestationCertificate: Sendable {
    let key: SignatureKey
    private let certificate: X509Certificate

    init(parsing der: [UInt8]) throws(WebAuthnRefusal) {
        guard let certificate = try? X509Certificate(der: der), let key = SignatureKey(certificate.content.publicKey)
        else { throw WebAuthnRefusal("8.2.1", "the certificate is malformed, or its key is of another kind") }
        self.certificate = certificate
        self.key = key
    }

    /// WebAuthn L3 §8.2.1, and of §8.2 that the model in the certificate is the one that answered.
    func checkPackedRequirements(aaguid: [UInt8]) throws(WebAuthnRefusal) {
        func demand(_ holds: Bool, _ reason: String) throws(WebAuthnRefusal) {
            guard holds else { throw WebAuthnRefusal("8.2.1", "the certificate \(reason)") }
        }
        let countries = certificate.subjectTexts(.RDNAttributeType.countryName)
        try demand(certificate.content.version == .v3, "is not of version 3")
        try demand(!countries.isEmpty && countries.allSatisfy { $0.utf8.count == 2 }, "names no country")
        try demand(!certificate.subjectTexts(.RDNAttributeType.organizationName).isEmpty, "names no vendor")
        try demand(
            certificate.subjectTexts(.RDNAttributeType.organizationalUnitName) == ["Authenticator Attestation"],
            "is for another use")
        try demand(!certificate.subjectTexts(.RDNAttributeType.commonName).isEmpty, "names nothing")
        try demand(
            (try? certificate.content.extensions.basicConstraints) == .notCertificateAuthority, "is an authority's")
        guard let model = certificate.content.extensions[oid: .aaguid] else { return }
        try demand(!model.critical, "has a critical AAGUID")
        let value = try? ASN1OctetString(derEncoded: Array(model.value))
        try demand(value.map { Array($0.bytes) == aaguid } == true, "has another AAGUID")
    }
}

extension SignatureKey {
    /// `nil` for a key that no credential may have either.
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
