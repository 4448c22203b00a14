import Crypto
import CryptoExtras
import FoundationEssentials

/// The cryptographic key of a `PrivateKey`.
enum KeyPair: Sendable {
    case p256(P256.Signing.PrivateKey)
    case p384(P384.Signing.PrivateKey)
    case p521(P521.Signing.PrivateKey)
    case ed25519(Curve25519.Signing.PrivateKey)
    case rsa(_RSA.Signing.PrivateKey)

    var publicKey: VerificationKey {
        switch self {
        case .p256(let key): .p256(key.publicKey)
        case .p384(let key): .p384(key.publicKey)
        case .p521(let key): .p521(key.publicKey)
        case .ed25519(let key): .ed25519(key.publicKey)
        case .rsa(let key): .rsa(key.publicKey)
        }
    }

    func signature(of message: [UInt8], by algorithm: SignatureAlgorithm) throws -> [UInt8] {
        switch self {
        case .p256(let key): return Array(try key.signature(for: SHA256.hash(data: message)).rawRepresentation)
        case .p384(let key): return Array(try key.signature(for: SHA384.hash(data: message)).rawRepresentation)
        case .p521(let key): return Array(try key.signature(for: SHA512.hash(data: message)).rawRepresentation)
        case .ed25519(let key): return Array(try key.signature(for: message))
        case .rsa(let key): return try Self.signature(of: message, by: algorithm, with: key)
        }
    }

    private static func signature(
        of message: [UInt8], by algorithm: SignatureAlgorithm, with key: _RSA.Signing.PrivateKey
    ) throws -> [UInt8] {
        let padding = algorithm.rsaPadding
        let signature =
            switch algorithm {
            case .rs256, .ps256: try key.signature(for: SHA256.hash(data: message), padding: padding)
            case .rs384, .ps384: try key.signature(for: SHA384.hash(data: message), padding: padding)
            default: try key.signature(for: SHA512.hash(data: message), padding: padding)
            }
        return Array(signature.rawRepresentation)
    }
}
