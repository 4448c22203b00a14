package import Crypto
package import CryptoExtras
import Foundation

/// A key of the tester, for client assertions, request objects, and forgeries that a provider must reject.
package enum SigningKey: Sendable {
    case p256(P256.Signing.PrivateKey)
    case rsa(_RSA.Signing.PrivateKey)
    case secret(String)
    /// `alg: none` (RFC 7519 §6).
    case none

    package static func newRSA() throws -> SigningKey { .rsa(try _RSA.Signing.PrivateKey(keySize: .bits2048)) }

    /// Reads a P-256 private key from a JWK (RFC 7518 §6.2.2). Returns `nil` for any other key.
    package init?(_ jwk: JSON) {
        guard jwk["kty"]?.string == "EC", jwk["crv"]?.string == "P-256",
            let scalar = jwk["d"]?.string.flatMap({ Base64URL.decode($0) }),
            let key = try? P256.Signing.PrivateKey(rawRepresentation: scalar)
        else { return nil }
        self = .p256(key)
    }

    package var algorithm: String {
        switch self {
        case .p256: "ES256"
        case .rsa: "RS256"
        case .secret: "HS256"
        case .none: "none"
        }
    }

    /// Returns a compact JWS of `claims`. Members of `header` override the default header.
    package func sign(_ claims: [String: JSON], header: [String: JSON] = [:]) throws -> String {
        let header = (["alg": .string(algorithm)] as [String: JSON]).merging(header) { _, given in given }
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
        case .secret(let secret):
            Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: Array(secret.utf8))))
        case .none: []
        }
    }
}
