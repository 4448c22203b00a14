import Crypto
import CryptoExtras
import FoundationEssentials
package import JOSE
import X509

extension X509Certificate {
    /// Returns whether the certificate is for the public key of `key` (RFC 8705 §2.2.2).
    package func isFor(_ key: JWK) -> Bool {
        guard let own = content.publicKey.jwk.flatMap({ try? JWK($0) }) else { return false }
        return own.thumbprint == key.thumbprint
    }
}

extension Certificate.PublicKey {
    /// The members of the key as a JWK (RFC 7518 §6, RFC 8037 §2).
    fileprivate var jwk: JSONObject? {
        if let key = P256.Signing.PublicKey(self) { return Self.curve("P-256", key.rawRepresentation) }
        if let key = P384.Signing.PublicKey(self) { return Self.curve("P-384", key.rawRepresentation) }
        if let key = P521.Signing.PublicKey(self) { return Self.curve("P-521", key.rawRepresentation) }
        if let key = Curve25519.Signing.PublicKey(self) {
            return ["kty": "OKP", "crv": "Ed25519", "x": .string(Base64URL.encode(key.rawRepresentation))]
        }
        guard let numbers = try? _RSA.Signing.PublicKey(self)?.getKeyPrimitives() else { return nil }
        return [
            "kty": "RSA", "n": .string(Base64URL.encode(numbers.modulus)),
            "e": .string(Base64URL.encode(numbers.publicExponent)),
        ]
    }

    private static func curve(_ name: String, _ point: Data) -> JSONObject {
        let half = point.count / 2
        return [
            "kty": "EC", "crv": .string(name), "x": .string(Base64URL.encode(point.prefix(half))),
            "y": .string(Base64URL.encode(point.suffix(half))),
        ]
    }
}
