import Crypto
import CryptoExtras

extension VerificationKey {
    /// Whether `signature` is that of `message` (RFC 7518 §3.2 to §3.5, RFC 8037 §3.1).
    func isValid(_ signature: [UInt8], of message: [UInt8], by algorithm: SignatureAlgorithm) -> Bool {
        switch self {
        case .p256(let key):
            (try? P256.Signing.ECDSASignature(rawRepresentation: signature))
                .map { key.isValidSignature($0, for: SHA256.hash(data: message)) } ?? false
        case .p384(let key):
            (try? P384.Signing.ECDSASignature(rawRepresentation: signature))
                .map { key.isValidSignature($0, for: SHA384.hash(data: message)) } ?? false
        case .p521(let key):
            (try? P521.Signing.ECDSASignature(rawRepresentation: signature))
                .map { key.isValidSignature($0, for: SHA512.hash(data: message)) } ?? false
        case .ed25519(let key): key.isValidSignature(signature, for: message)
        case .rsa(let key): Self.isValid(signature, of: message, by: algorithm, with: key)
        case .symmetric(let key): Self.isValid(signature, of: message, by: algorithm, with: key)
        }
    }

    private static func isValid(
        _ signature: [UInt8], of message: [UInt8], by algorithm: SignatureAlgorithm, with key: _RSA.Signing.PublicKey
    ) -> Bool {
        let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
        switch algorithm {
        case .rs256:
            return key.isValidSignature(signature, for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
        case .rs384:
            return key.isValidSignature(signature, for: SHA384.hash(data: message), padding: .insecurePKCS1v1_5)
        case .rs512:
            return key.isValidSignature(signature, for: SHA512.hash(data: message), padding: .insecurePKCS1v1_5)
        case .ps256: return key.isValidSignature(signature, for: SHA256.hash(data: message), padding: .PSS)
        case .ps384: return key.isValidSignature(signature, for: SHA384.hash(data: message), padding: .PSS)
        case .ps512: return key.isValidSignature(signature, for: SHA512.hash(data: message), padding: .PSS)
        default: return false
        }
    }

    /// In constant time. A key shorter than the hash is refused (RFC 7518 §3.2).
    private static func isValid(
        _ signature: [UInt8], of message: [UInt8], by algorithm: SignatureAlgorithm, with key: SymmetricKey
    ) -> Bool {
        switch algorithm {
        case .hs256:
            return key.bitCount >= 256
                && HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: message, using: key)
        case .hs384:
            return key.bitCount >= 384
                && HMAC<SHA384>.isValidAuthenticationCode(signature, authenticating: message, using: key)
        case .hs512:
            return key.bitCount >= 512
                && HMAC<SHA512>.isValidAuthenticationCode(signature, authenticating: message, using: key)
        default: return false
        }
    }
}
