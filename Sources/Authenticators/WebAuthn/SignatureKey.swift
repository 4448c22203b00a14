import Crypto
import CryptoExtras

/// The public key of a credential or a certificate.
enum SignatureKey: Sendable {
    case p256(P256.Signing.PublicKey)
    case ed25519(Curve25519.Signing.PublicKey)
    case rsa(_RSA.Signing.PublicKey)

    /// Returns whether `signature` is a valid signature of `message`, in the form of WebAuthn L3 §6.5.5.
    func isValid(_ signature: [UInt8], of message: [UInt8], by algorithm: COSEAlgorithm) -> Bool {
        switch (self, algorithm) {
        case (.p256(let key), .es256):
            guard let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: SHA256.hash(data: message))
        case (.ed25519(let key), .edDSA): return key.isValidSignature(signature, for: message)
        case (.rsa(let key), .rs256):
            let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
            return key.isValidSignature(signature, for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
        default: return false
        }
    }
}
