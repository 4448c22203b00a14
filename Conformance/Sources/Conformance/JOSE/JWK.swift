import Crypto
import CryptoExtras

/// A key of a JWK Set (RFC 7517 §4). Its members are not validated.
package struct JWK: Sendable {
    package let members: [String: JSON]

    package init?(_ json: JSON) {
        guard let members = json.object else { return nil }
        self.members = members
    }

    package var type: String? { members["kty"]?.string }
    package var identifier: String? { members["kid"]?.string }
    package var algorithm: String? { members["alg"]?.string }
    package var use: String? { members["use"]?.string }

    /// Members that only a private or symmetric key has (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
    package var secretMembers: [String] {
        ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].filter { members[$0] != nil }
    }

    /// The size of the RSA modulus in bits.
    package var modulusBits: Int? {
        guard type == "RSA", let modulus = bytes("n")?.drop(while: { $0 == 0 }), let first = modulus.first else {
            return nil
        }
        return modulus.count * 8 - first.leadingZeroBitCount
    }

    /// The SHA-256 thumbprint (RFC 7638 §3), as `jkt` carries it. `nil` for an unknown key type.
    package var thumbprint: String? {
        let required: [String]
        switch type {
        case "EC": required = ["crv", "kty", "x", "y"]
        case "OKP": required = ["crv", "kty", "x"]
        case "RSA": required = ["e", "kty", "n"]
        default: return nil
        }
        // `JSON.text` sorts members and adds no whitespace, as RFC 7638 §3.3 demands.
        let text = JSON.object(members.filter { required.contains($0.key) }).text
        return Base64URL.encode(SHA256.hash(data: Array(text.utf8)))
    }

    /// The public key, or `nil` if it is malformed or of an unsupported type.
    var publicKey: PublicKey? {
        switch (type, members["crv"]?.string) {
        case ("RSA", _):
            guard let modulus = bytes("n"), let exponent = bytes("e"), let bits = modulusBits, bits >= 1_024 else {
                return nil
            }
            return (try? _RSA.Signing.PublicKey(n: modulus, e: exponent)).map(PublicKey.rsa)
        case ("EC", "P-256"):
            return point(32).flatMap { try? P256.Signing.PublicKey(rawRepresentation: $0) }.map(PublicKey.p256)
        case ("EC", "P-384"):
            return point(48).flatMap { try? P384.Signing.PublicKey(rawRepresentation: $0) }.map(PublicKey.p384)
        case ("EC", "P-521"):
            return point(66).flatMap { try? P521.Signing.PublicKey(rawRepresentation: $0) }.map(PublicKey.p521)
        case ("OKP", "Ed25519"):
            return bytes("x").flatMap { try? Curve25519.Signing.PublicKey(rawRepresentation: $0) }
                .map(PublicKey.ed25519)
        default: return nil
        }
    }

    private func bytes(_ name: String) -> [UInt8]? { members[name]?.string.flatMap { Base64URL.decode($0) } }

    private func point(_ size: Int) -> [UInt8]? {
        guard let x = bytes("x"), let y = bytes("y"), x.count == size, y.count == size else { return nil }
        return x + y
    }
}

enum PublicKey: Sendable {
    case rsa(_RSA.Signing.PublicKey)
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)
    case ed25519(Curve25519.Signing.PublicKey)
}
