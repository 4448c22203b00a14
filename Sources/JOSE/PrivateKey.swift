import Crypto
import CryptoExtras

/// A signing key in memory. Printing or reflecting it reveals no key material.
package struct PrivateKey: Sendable {
    package let algorithm: SignatureAlgorithm
    private let pair: KeyPair

    /// Throws `UnsupportedAlgorithm` for a symmetric or unknown algorithm, and for RSA keys of fewer than
    /// 2,048 or more than 8,192 bits.
    package static func generate(for algorithm: SignatureAlgorithm, rsaBits: Int = 2_048) throws -> PrivateKey {
        switch algorithm {
        case .es256: return PrivateKey(.p256(P256.Signing.PrivateKey()), algorithm)
        case .es384: return PrivateKey(.p384(P384.Signing.PrivateKey()), algorithm)
        case .es512: return PrivateKey(.p521(P521.Signing.PrivateKey()), algorithm)
        case .ed25519, .edDSA: return PrivateKey(.ed25519(Curve25519.Signing.PrivateKey()), algorithm)
        case _ where algorithm.isRSA && (2_048...8_192).contains(rsaBits):
            return PrivateKey(.rsa(try _RSA.Signing.PrivateKey(keySize: .init(bitCount: rsaBits))), algorithm)
        default: throw UnsupportedAlgorithm()
        }
    }

    private init(_ pair: KeyPair, _ algorithm: SignatureAlgorithm) {
        self.pair = pair
        self.algorithm = algorithm
    }

    /// Parses a private JWK. `alg` may be omitted if the curve implies it.
    package init(_ object: JSONObject) throws(JWKError) {
        let pair = try KeyPair(object)
        let algorithm = object["alg"].map { $0.string.map(SignatureAlgorithm.init(rawValue:)) } ?? pair.soleAlgorithm
        guard let algorithm, pair.publicKey.canVerify(algorithm) else {
            throw JWKError(reason: "has no alg, or an alg that does not match its type")
        }
        self.init(pair, algorithm)
    }

    /// Parses a key in PEM form: PKCS #8, SEC 1 or PKCS #1.
    package init(pem: String, for algorithm: SignatureAlgorithm) throws(JWKError) {
        let pair: KeyPair?
        switch algorithm {
        case .es256: pair = (try? P256.Signing.PrivateKey(pemRepresentation: pem)).map(KeyPair.p256)
        case .es384: pair = (try? P384.Signing.PrivateKey(pemRepresentation: pem)).map(KeyPair.p384)
        case .es512: pair = (try? P521.Signing.PrivateKey(pemRepresentation: pem)).map(KeyPair.p521)
        case _ where algorithm.isRSA: pair = (try? _RSA.Signing.PrivateKey(pemRepresentation: pem)).map(KeyPair.rsa)
        default: throw JWKError(reason: "cannot be read in PEM form for \(algorithm.rawValue)")
        }
        guard let pair, pair.publicKey.canVerify(algorithm) else {
            throw JWKError(reason: "is not a private key for \(algorithm.rawValue) in PEM form")
        }
        self.init(pair, algorithm)
    }

    /// The private JWK. Must be sealed before it is stored, and never logged.
    package var object: JSONObject {
        var object = pair.members
        object["alg"] = .string(algorithm.rawValue)
        return object
    }

    /// Parses what `serialized()` returns.
    package init(parsing bytes: [UInt8]) throws { try self.init(JSONObject(parsing: bytes)) }

    /// Returns the private JWK as text. Must be sealed before it is stored, and never logged.
    package func serialized() -> [UInt8] { object.serialized() }

    /// Returns the public JWK. `keyID` defaults to the key's thumbprint.
    package func publicKey(keyID: String? = nil) -> JWK {
        let anonymous = JWK(pair.publicKey, keyID: nil, algorithm: algorithm, use: "sig")
        return JWK(pair.publicKey, keyID: keyID ?? anonymous.thumbprint, algorithm: algorithm, use: "sig")
    }

    /// Returns a signer that uses the same `kid` as `publicKey(keyID:)`.
    package func signer(keyID: String? = nil) -> any Signer {
        PrivateKeySigner(algorithm: algorithm, keyID: publicKey(keyID: keyID).keyID, pair: pair)
    }
}

extension PrivateKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "PrivateKey(\(algorithm.rawValue))" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

private struct PrivateKeySigner: Signer, CustomReflectable {
    let algorithm: SignatureAlgorithm
    let keyID: String?
    let pair: KeyPair

    func sign(_ message: [UInt8]) throws -> [UInt8] { try pair.signature(of: message, by: algorithm) }

    var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension KeyPair {
    /// The only algorithm of the curve; `nil` for RSA keys, which have six.
    fileprivate var soleAlgorithm: SignatureAlgorithm? {
        switch self {
        case .p256: .es256
        case .p384: .es384
        case .p521: .es512
        case .ed25519: .edDSA
        case .rsa: nil
        }
    }
}

/// No private key can be generated for this algorithm and size.
package struct UnsupportedAlgorithm: Error {}
