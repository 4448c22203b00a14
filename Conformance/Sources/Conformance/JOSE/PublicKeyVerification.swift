import Crypto
import CryptoExtras

extension PublicKey {
    /// Whether `signature` is valid for `message` (RFC 7518 §3.1). `false` if the algorithm doesn't fit the key type.
    func isValid(_ signature: [UInt8], of message: [UInt8], by algorithm: String) -> Bool {
        switch (self, algorithm) {
        case (.rsa(let key), "RS256"): Self.pkcs1(signature, SHA256.hash(data: message), key)
        case (.rsa(let key), "RS384"): Self.pkcs1(signature, SHA384.hash(data: message), key)
        case (.rsa(let key), "RS512"): Self.pkcs1(signature, SHA512.hash(data: message), key)
        case (.rsa(let key), "PS256"): Self.pss(signature, SHA256.hash(data: message), key)
        case (.rsa(let key), "PS384"): Self.pss(signature, SHA384.hash(data: message), key)
        case (.rsa(let key), "PS512"): Self.pss(signature, SHA512.hash(data: message), key)
        case (.p256(let key), "ES256"):
            (try? P256.Signing.ECDSASignature(rawRepresentation: signature))
                .map { key.isValidSignature($0, for: SHA256.hash(data: message)) } ?? false
        case (.p384(let key), "ES384"):
            (try? P384.Signing.ECDSASignature(rawRepresentation: signature))
                .map { key.isValidSignature($0, for: SHA384.hash(data: message)) } ?? false
        case (.p521(let key), "ES512"):
            (try? P521.Signing.ECDSASignature(rawRepresentation: signature))
                .map { key.isValidSignature($0, for: SHA512.hash(data: message)) } ?? false
        case (.ed25519(let key), "EdDSA"), (.ed25519(let key), "Ed25519"):
            key.isValidSignature(signature, for: message)
        default: false
        }
    }

    private static func pkcs1(_ signature: [UInt8], _ digest: some Digest, _ key: _RSA.Signing.PublicKey) -> Bool {
        key.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: signature), for: digest, padding: .insecurePKCS1v1_5)
    }

    private static func pss(_ signature: [UInt8], _ digest: some Digest, _ key: _RSA.Signing.PublicKey) -> Bool {
        key.isValidSignature(_RSA.Signing.RSASignature(rawRepresentation: signature), for: digest, padding: .PSS)
    }
}
