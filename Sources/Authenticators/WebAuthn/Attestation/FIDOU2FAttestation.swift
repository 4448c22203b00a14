import Crypto

/// The `fido-u2f` format, for security keys that predate CTAP2 (WebAuthn L3 §8.6).
struct FIDOU2FAttestation: AttestationFormat {
    static let identifier = "fido-u2f"

    private let signature: [UInt8]
    private let certificate: AttestationCertificate

    init(parsing statement: [CBOR: CBOR]) throws(WebAuthnRefusal) {
        guard statement.count == 2, let signature = statement["sig"]?.bytes, let chain = statement["x5c"]?.array,
            chain.count == 1, let leaf = chain[0].bytes
        else { throw WebAuthnRefusal("8.6", "the statement must have sig and x5c only, with one certificate") }
        self.signature = signature
        certificate = try AttestationCertificate(parsing: leaf)
    }

    func verify(
        _ credential: AttestedCredential, in data: AuthenticatorData, clientDataHash: [UInt8]
    ) throws(WebAuthnRefusal) -> AttestationType {
        guard case .p256 = certificate.key else { throw WebAuthnRefusal("8.6", "the certificate's key is not P-256") }
        guard case .p256(let key) = credential.publicKey.material else {
            throw WebAuthnRefusal("8.6", "the credential's key is not P-256")
        }
        let message = [0] + data.rpIDHash + clientDataHash + credential.id + Array(key.x963Representation)
        guard certificate.key.isValid(signature, of: message, by: .es256) else {
            throw WebAuthnRefusal("8.6", "the certificate's key did not make the signature")
        }
        return .certificate
    }
}
