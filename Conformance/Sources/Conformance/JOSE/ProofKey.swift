import Crypto
import Foundation

/// A PKCE verifier and its S256 challenge (RFC 7636 §4).
package struct ProofKey: Sendable {
    package let verifier: String

    package init(verifier: String = .random()) { self.verifier = verifier }

    package var challenge: String { Base64URL.encode(SHA256.hash(data: Array(verifier.utf8))) }
}

extension String {
    /// Returns 256 random bits in base64url.
    package static func random() -> String {
        Base64URL.encode((0..<32).map { _ in UInt8.random(in: .min ... .max) })
    }
}

/// The left half of a SHA-2 hash, as `at_hash` and `c_hash` carry it (OpenID Connect Core §3.1.3.6, §3.3.2.11).
package enum HalfHash {
    /// Returns `nil` for an unknown algorithm.
    package static func of(_ text: String, for algorithm: String) -> String? {
        let bytes = Array(text.utf8)
        let hash: [UInt8]
        switch algorithm.suffix(3) {
        case "256": hash = Array(SHA256.hash(data: bytes))
        case "384": hash = Array(SHA384.hash(data: bytes))
        case "512", "DSA": hash = Array(SHA512.hash(data: bytes))
        default: return nil
        }
        return Base64URL.encode(hash.prefix(hash.count / 2))
    }
}
