package import Crypto
package import CryptoExtras
import Foundation

/// A key of the tester, for client assertions, request objects, and forgeries that a provider must reject.
package enum SigningKey: Sendable {
    case p256(P256.Signing.PrivateKey)
    /// Signs with RS256.
    case rsa(_RSA.Signing.PrivateKey)
    /// Signs with PS256.
    case pss(_RSA.Signing.PrivateKey)
    case ed25519(Curve25519.Signing.PrivateKey)
    case secret(String)
    /// `alg: none` (RFC 7519 §6).
    case none

    package static func newP256() -> SigningKey { .p256(P256.Signing.PrivateKey()) }

    package static func newEd25519() -> SigningKey { .ed25519(Curve25519.Signing.PrivateKey()) }
    package static func newRSA() throws -> SigningKey { .rsa(try _RSA.Signing.PrivateKey(keySize: .bits2048)) }
    package static func newPSS() throws -> SigningKey { .pss(try _RSA.Signing.PrivateKey(keySize: .bits2048)) }

    /// Reads a private key from a JWK of the types EC (P-256), OKP (Ed25519), or RSA, whose `alg` decides between RS256
    /// and PS256 (RFC 7518 §6.2.2, §6.3.2; RFC 8037 §2). Returns `nil` for any other key.
    package init?(_ jwk: JSON) {
        func bytes(_ name: String) -> [UInt8] { jwk[name]?.string.flatMap { Base64URL.decode($0) } ?? [] }
        switch (jwk["kty"]?.string, jwk["crv"]?.string) {
        case ("EC", "P-256"):
            guard let key = try? P256.Signing.PrivateKey(rawRepresentation: bytes("d")) else { return nil }
            self = .p256(key)
        case ("OKP", "Ed25519"):
            guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes("d")) else { return nil }
            self = .ed25519(key)
        case ("RSA", _):
            guard
                let key = try? _RSA.Signing.PrivateKey(
                    n: bytes("n"), e: bytes("e"), d: bytes("d"), p: bytes("p"), q: bytes("q"))
            else { return nil }
            self = jwk["alg"]?.string == "PS256" ? .pss(key) : .rsa(key)
        default: return nil
        }
    }

    /// The same RSA key for RS256, which FAPI 2.0 forbids. `nil` for keys of other types.
    package var withRS256: SigningKey? {
        switch self {
        case .rsa(let key), .pss(let key): .rsa(key)
        case .p256, .ed25519, .secret, .none: nil
        }
    }

    package var algorithm: String {
        switch self {
        case .p256: "ES256"
        case .pss: "PS256"
        case .ed25519: "Ed25519"
        case .rsa: "RS256"
        case .secret: "HS256"
        case .none: "none"
        }
    }

    /// Returns a compact JWS of `claims`. Members of `header` override the default header.
    package func sign(_ claims: [String: JSON], header: [String: JSON] = [:]) throws -> String {
        try sign(claims, exactly: (["alg": .string(algorithm)] as [String: JSON]).merging(header) { _, given in given })
    }

    /// Returns a compact JWS of `claims` whose header has no other members.
    package func sign(_ claims: [String: JSON], exactly header: [String: JSON]) throws -> String {
        let message =
            "\(Base64URL.encode(JSON.object(header).text.utf8)).\(Base64URL.encode(JSON.object(claims).text.utf8))"
        return "\(message).\(Base64URL.encode(try signature(of: Array(message.utf8))))"
    }

    private func signature(of message: [UInt8]) throws -> [UInt8] {
        switch self {
        case .p256(let key): Array(try key.signature(for: message).rawRepresentation)
        case .rsa(let key):
            Array(
                try key.signature(for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5).rawRepresentation)
        case .pss(let key): Array(try key.signature(for: SHA256.hash(data: message), padding: .PSS).rawRepresentation)
        case .ed25519(let key): Array(try key.signature(for: message))
        case .secret(let secret):
            Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: Array(secret.utf8))))
        case .none: []
        }
    }
}

extension SigningKey {
    /// The public key as a JWK. `nil` for symmetric keys and for `none`.
    package var publicJWK: JWK? {
        switch self {
        case .p256(let key):
            let point = Array(key.publicKey.rawRepresentation)
            return JWK([
                "kty": "EC", "crv": "P-256", "x": .string(Base64URL.encode(point.prefix(32))),
                "y": .string(Base64URL.encode(point.suffix(32))),
            ])
        case .rsa(let key), .pss(let key):
            guard let parts = try? key.publicKey.getKeyPrimitives() else { return nil }
            return JWK([
                "kty": "RSA", "n": .string(Base64URL.encode(parts.modulus)),
                "e": .string(Base64URL.encode(parts.publicExponent)),
            ])
        case .ed25519(let key):
            let x = Base64URL.encode(key.publicKey.rawRepresentation)
            return JWK(["kty": "OKP", "crv": "Ed25519", "x": .string(x)])
        case .secret, .none: return nil
        }
    }
}
