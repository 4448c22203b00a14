import Crypto
import CryptoExtras
import FoundationEssentials

/// A key that signs, in memory. Nothing prints it.
package struct PrivateKey: Sendable {
    private enum Material: Sendable {
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
        case rsa(_RSA.Signing.PrivateKey)
    }

    package let algorithm: SignatureAlgorithm
    private let material: Material

    /// Throws `UnsupportedAlgorithm` for a symmetric or unknown algorithm.
    package static func generate(for algorithm: SignatureAlgorithm) throws -> PrivateKey {
        switch algorithm {
        case .es256: return PrivateKey(algorithm, .p256(P256.Signing.PrivateKey()))
        case .es384: return PrivateKey(algorithm, .p384(P384.Signing.PrivateKey()))
        case .es512: return PrivateKey(algorithm, .p521(P521.Signing.PrivateKey()))
        case .edDSA: return PrivateKey(algorithm, .ed25519(Curve25519.Signing.PrivateKey()))
        case _ where algorithm.isRSA:
            return PrivateKey(algorithm, .rsa(try _RSA.Signing.PrivateKey(keySize: .bits2048)))
        default: throw UnsupportedAlgorithm()
        }
    }

    private init(_ algorithm: SignatureAlgorithm, _ material: Material) {
        self.algorithm = algorithm
        self.material = material
    }

    /// The inverse of `serialized()`.
    package init(parsing bytes: [UInt8]) throws {
        let object = try JSONObject(parsing: bytes)
        let key = try Base64URL.decode(object["key"]?.string ?? "")
        algorithm = SignatureAlgorithm(rawValue: object["alg"]?.string ?? "")
        switch algorithm {
        case .es256: material = .p256(try P256.Signing.PrivateKey(rawRepresentation: key))
        case .es384: material = .p384(try P384.Signing.PrivateKey(rawRepresentation: key))
        case .es512: material = .p521(try P521.Signing.PrivateKey(rawRepresentation: key))
        case .edDSA: material = .ed25519(try Curve25519.Signing.PrivateKey(rawRepresentation: key))
        case _ where algorithm.isRSA: material = .rsa(try _RSA.Signing.PrivateKey(derRepresentation: key))
        default: throw UnsupportedAlgorithm()
        }
    }

    /// The secret itself, to be sealed: never stored or logged as it is.
    package func serialized() -> [UInt8] {
        let key: [UInt8] =
            switch material {
            case .p256(let key): Array(key.rawRepresentation)
            case .p384(let key): Array(key.rawRepresentation)
            case .p521(let key): Array(key.rawRepresentation)
            case .ed25519(let key): Array(key.rawRepresentation)
            case .rsa(let key): Array(key.derRepresentation)
            }
        let object: JSONObject = ["alg": .string(algorithm.rawValue), "key": .string(Base64URL.encode(key))]
        return object.serialized()
    }

    /// Without a `keyID` its thumbprint stands for it.
    package func publicKey(keyID: String? = nil) -> JWK {
        let key: VerificationKey =
            switch material {
            case .p256(let key): .p256(key.publicKey)
            case .p384(let key): .p384(key.publicKey)
            case .p521(let key): .p521(key.publicKey)
            case .ed25519(let key): .ed25519(key.publicKey)
            case .rsa(let key): .rsa(key.publicKey)
            }
        let anonymous = JWK(key, keyID: nil, algorithm: algorithm, use: "sig")
        return JWK(key, keyID: keyID ?? anonymous.thumbprint, algorithm: algorithm, use: "sig")
    }

    /// Signs under the same `kid` as `publicKey(keyID:)` has.
    package func signer(keyID: String? = nil) -> any Signer {
        PrivateKeySigner(key: self, keyID: keyID ?? publicKey().keyID)
    }

    fileprivate func signature(of message: [UInt8]) throws -> [UInt8] {
        switch material {
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
        let padding: _RSA.Signing.Padding = algorithm.rawValue.hasPrefix("PS") ? .PSS : .insecurePKCS1v1_5
        let signature =
            switch algorithm {
            case .rs256, .ps256: try key.signature(for: SHA256.hash(data: message), padding: padding)
            case .rs384, .ps384: try key.signature(for: SHA384.hash(data: message), padding: padding)
            default: try key.signature(for: SHA512.hash(data: message), padding: padding)
            }
        return Array(signature.rawRepresentation)
    }
}

extension PrivateKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "PrivateKey(\(algorithm.rawValue))" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Signs with a key in memory.
private struct PrivateKeySigner: Signer {
    let key: PrivateKey
    let keyID: String?
    var algorithm: SignatureAlgorithm { key.algorithm }

    func sign(_ message: [UInt8]) throws -> [UInt8] { try key.signature(of: message) }
}

/// There is no private key for this algorithm.
package struct UnsupportedAlgorithm: Error {}
