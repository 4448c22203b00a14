import Crypto
import CryptoExtras
import FoundationEssentials

/// The cryptographic key of a `JWK`.
enum VerificationKey: Sendable {
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)
    case ed25519(Curve25519.Signing.PublicKey)
    case rsa(_RSA.Signing.PublicKey)
    case symmetric(SymmetricKey)

    init(_ object: JSONObject) throws(JWKError) {
        let members = JWKMembers(object)
        switch (object["kty"]?.string, object["crv"]?.string) {
        case ("EC", "P-256"):
            let point = try members.point(size: 32)
            self = try Self.refusing { .p256(try P256.Signing.PublicKey(rawRepresentation: point)) }
        case ("EC", "P-384"):
            let point = try members.point(size: 48)
            self = try Self.refusing { .p384(try P384.Signing.PublicKey(rawRepresentation: point)) }
        case ("EC", "P-521"):
            let point = try members.point(size: 66)
            self = try Self.refusing { .p521(try P521.Signing.PublicKey(rawRepresentation: point)) }
        case ("OKP", "Ed25519"):
            let point = try members.bytes("x", size: 32)
            guard !Ed25519SmallOrder.contains(point) else { throw JWKError(reason: "is a point of small order") }
            self = try Self.refusing { .ed25519(try Curve25519.Signing.PublicKey(rawRepresentation: point)) }
        case ("RSA", _): self = try Self.rsa(members)
        case ("EC", _?), ("OKP", _?): throw JWKError(reason: "has an unknown crv", isUnknownType: true)
        case ("EC", nil), ("OKP", nil): throw JWKError(reason: "has no crv")
        case ("oct", _): throw JWKError(reason: "is a shared secret")
        case (_?, _): throw JWKError(reason: "has an unknown kty", isUnknownType: true)
        case (nil, _): throw JWKError(reason: "has no kty")
        }
    }

    private static func rsa(_ members: JWKMembers) throws(JWKError) -> VerificationKey {
        let modulus = try members.number("n")
        let exponent = try members.number("e")
        let bits = modulus.count * 8 - modulus[0].leadingZeroBitCount
        // RFC 7518 §3.3 sets the minimum. Above the maximum, verifying an untrusted signature would cost too much.
        guard (2_048...8_192).contains(bits) else {
            throw JWKError(reason: "is an RSA key of \(bits) bits, expected 2048 to 8192")
        }
        // An exponent of 1 makes signing a no-op, an even one is invalid, and a huge one only slows down verification.
        guard exponent.count <= 4, exponent != [1], exponent[exponent.count - 1] & 1 == 1 else {
            throw JWKError(reason: "has an unsafe public exponent e")
        }
        return try refusing { .rsa(try _RSA.Signing.PublicKey(n: modulus, e: exponent)) }
    }

    /// Returns whether the type and size of the key match `algorithm`. A secret must not be shorter
    /// than the hash (RFC 7518 §3.2).
    func canVerify(_ algorithm: SignatureAlgorithm) -> Bool {
        switch self {
        case .p256: algorithm == .es256
        case .p384: algorithm == .es384
        case .p521: algorithm == .es512
        case .ed25519: algorithm == .ed25519 || algorithm == .edDSA
        case .rsa: algorithm.isRSA
        case .symmetric(let key):
            switch algorithm {
            case .hs256: key.bitCount >= 256
            case .hs384: key.bitCount >= 384
            case .hs512: key.bitCount >= 512
            default: false
            }
        }
    }

    /// The members that make up the key, in the order of RFC 7638 §3.2; `nil` for a shared secret.
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

    private static func refusing(_ make: () throws -> VerificationKey) throws(JWKError) -> VerificationKey {
        do { return try make() } catch { throw JWKError(reason: "is malformed, or not on its curve") }
    }
}
