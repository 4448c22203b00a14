import Crypto
import JOSE

/// Proof Key for Code Exchange. Only `S256` is supported: `plain` doesn't protect against an attacker who can read the
/// authorization request (RFC 9700 §2.1.1).
struct PKCE: Sendable, Hashable, Codable {
    private let challenge: String

    private enum CodingKeys: String, CodingKey {
        case challenge
    }

    /// Returns `nil` if the request has no challenge. Throws `invalid_request` for any method except `S256`. A request
    /// without a method means `plain` (RFC 7636 §4.3).
    init?(_ parameters: Parameters) throws(OAuthError) {
        guard let challenge = parameters["code_challenge"] else {
            guard parameters["code_challenge_method"] == nil else { throw .invalidRequest("code_challenge is missing") }
            return nil
        }
        guard parameters["code_challenge_method"] == "S256" else {
            throw .invalidRequest("code_challenge_method must be S256")
        }
        guard let bytes = try? Base64URL.decode(challenge), bytes.count == SHA256.byteCount else {
            throw .invalidRequest("code_challenge must be a SHA-256 hash in base64url")
        }
        self.challenge = challenge
    }

    /// Whether `verifier` is well-formed (RFC 7636 §4.1) and matches the challenge (§4.6).
    func accepts(_ verifier: String) -> Bool {
        guard (43...128).contains(verifier.utf8.count), verifier.utf8.allSatisfy(Self.isUnreserved) else {
            return false
        }
        let hash = Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8))))
        return ConstantTime.equal(Array(hash.utf8), Array(challenge.utf8))
    }

    /// RFC 3986 §2.3.
    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }
}
