import Crypto
import CryptoExtras
import FoundationEssentials

/// The mathematics of a `JWK`.
enum VerificationKey: Sendable {
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)
    case ed25519(Curve25519.Signing.PublicKey)
    case rsa(_RSA.Signing.PublicKey)
    case symmetric(SymmetricKey)

    init(_ object: JSONObject) throws(JWKError) {
        switch (object["kty"]?.string, object["crv"]?.string) {
        case ("EC", "P-256"):
            let point = try Self.point(object, size: 32)
            self = try Self.refusing { .p256(try P256.Signing.PublicKey(rawRepresentation: point)) }
        case ("EC", "P-384"):
            let point = try Self.point(object, size: 48)
            self = try Self.refusing { .p384(try P384.Signing.PublicKey(rawRepresentation: point)) }
        case ("EC", "P-521"):
            let point = try Self.point(object, size: 66)
            self = try Self.refusing { .p521(try P521.Signing.PublicKey(rawRepresentation: point)) }
        case ("OKP", "Ed25519"):
            let point = try Self.bytes("x", object, size: 32)
            self = try Self.refusing { .ed25519(try Curve25519.Signing.PublicKey(rawRepresentation: point)) }
        case ("RSA", _):
            let modulus = try Self.bytes("n", object, size: nil)
            let exponent = try Self.bytes("e", object, size: nil)
            // RFC 7518 §3.3; an even or huge exponent is a broken or a hostile key.
            guard modulus.count >= 256, modulus.count <= 1_024, modulus[0] != 0, exponent.count <= 4,
                exponent.last.map({ $0 & 1 == 1 }) == true, exponent != [1]
            else { throw JWKError(reason: "is an RSA key of an unsafe size or exponent") }
            self = try Self.refusing { .rsa(try _RSA.Signing.PublicKey(n: modulus, e: exponent)) }
        case ("EC", _?), ("OKP", _?): throw JWKError(reason: "has an unknown crv", isUnknownType: true)
        case ("oct", _): throw JWKError(reason: "is a shared secret")
        case (_?, _): throw JWKError(reason: "has an unknown kty", isUnknownType: true)
        case (nil, _): throw JWKError(reason: "has no kty")
        }
    }

    /// The algorithms that a key of this type can verify.
    var algorithms: [SignatureAlgorithm] {
        switch self {
        case .p256: [.es256]
        case .p384: [.es384]
        case .p521: [.es512]
        case .ed25519: [.edDSA]
        case .rsa: SignatureAlgorithm.rsa
        case .symmetric: SignatureAlgorithm.symmetric
        }
    }

    /// The members that make the key, in the order of RFC 7638 §3.2; `nil` for a shared secret.
    var members: JSONObject? {
        switch self {
        case .p256(let key): Self.curve("P-256", key.rawRepresentation)
        case .p384(let key): Self.curve("P-384", key.rawRepresentation)
        case .p521(let key): Self.curve("P-521", key.rawRepresentation)
        case .ed25519(let key):
            ["crv": "Ed25519", "kty": "OKP", "x": .string(Base64URL.encode(key.rawRepresentation))]
        case .rsa(let key):
            (try? key.getKeyPrimitives()).map { numbers in
                [
                    "e": .string(Base64URL.encode(numbers.publicExponent)), "kty": "RSA",
                    "n": .string(Base64URL.encode(numbers.modulus)),
                ]
            }
        case .symmetric: nil
        }
    }

    private static func curve(_ name: String, _ point: Data) -> JSONObject {
        let half = point.count / 2
        return [
            "crv": .string(name), "kty": "EC", "x": .string(Base64URL.encode(point.prefix(half))),
            "y": .string(Base64URL.encode(point.suffix(half))),
        ]
    }

    private static func point(_ object: JSONObject, size: Int) throws(JWKError) -> [UInt8] {
        try bytes("x", object, size: size) + bytes("y", object, size: size)
    }

    private static func bytes(_ name: String, _ object: JSONObject, size: Int?) throws(JWKError) -> [UInt8] {
        guard let text = object[name]?.string, let bytes = try? Base64URL.decode(text), !bytes.isEmpty else {
            throw JWKError(reason: "has no \(name) in base64url")
        }
        guard size == nil || bytes.count == size else { throw JWKError(reason: "has a \(name) of the wrong length") }
        return bytes
    }

    private static func refusing(_ make: () throws -> VerificationKey) throws(JWKError) -> VerificationKey {
        do { return try make() } catch { throw JWKError(reason: "is not on its curve, or is malformed") }
    }
}
