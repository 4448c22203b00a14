import Crypto
import CryptoExtras

extension VerificationKey {
    /// Returns whether `signature` is a valid signature of `message`. Requires `canVerify(algorithm)`.
    func isValid(_ signature: [UInt8], of message: [UInt8], by algorithm: SignatureAlgorithm) -> Bool {
        switch self {
        // RFC 7518 §3.4: r and s, each exactly the size of the curve.
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: SHA256.hash(data: message))
        case .p384(let key):
            guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: SHA384.hash(data: message))
        case .p521(let key):
            guard let signature = try? P521.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: SHA512.hash(data: message))
        case .ed25519(let key): return key.isValidSignature(signature, for: message)
        case .rsa(let key): return Self.isValid(signature, of: message, by: algorithm, with: key)
        case .symmetric(let key): return Self.isValid(signature, of: message, by: algorithm, with: key)
        }
    }

    private static func isValid(
        _ signature: [UInt8], of message: [UInt8], by algorithm: SignatureAlgorithm, with key: _RSA.Signing.PublicKey
    ) -> Bool {
        let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
        let padding = algorithm.rsaPadding
        switch algorithm {
        case .rs256, .ps256: return key.isValidSignature(signature, for: SHA256.hash(data: message), padding: padding)
        case .rs384, .ps384: return key.isValidSignature(signature, for: SHA384.hash(data: message), padding: padding)
        case .rs512, .ps512: return key.isValidSignature(signature, for: SHA512.hash(data: message), padding: padding)
        default: return false
        }
    }

    /// Compares in constant time.
    private static func isValid(
        _ signature: [UInt8], of message: [UInt8], by algorithm: SignatureAlgorithm, with key: SymmetricKey
    ) -> Bool {
        switch algorithm {
        case .hs256: HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: message, using: key)
        case .hs384: HMAC<SHA384>.isValidAuthenticationCode(signature, authenticating: message, using: key)
        case .hs512: HMAC<SHA512>.isValidAuthenticationCode(signature, authenticating: message, using: key)
        default: false
        }
    }
}

extension SignatureAlgorithm {
    /// PSS with a salt as long as the hash (RFC 7518 §3.5), or PKCS #1 v1.5 (§3.3).
    var rsaPadding: _RSA.Signing.Padding {
        switch self {
        case .ps256, .ps384, .ps512: .PSS
        default: .insecurePKCS1v1_5
        }
    }
}
