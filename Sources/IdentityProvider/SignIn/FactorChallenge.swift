import Crypto
import FoundationEssentials
import JOSE

/// What stands in for a page and its browser in the JSON API: codes and challenges are made of it, so that they are good
/// with the one ticket that carries it, sealed, and with no other.
struct FactorChallenge: Codable, Sendable {
    /// Names it where something is counted.
    let id: String
    /// 32 random bytes that nobody outside reads.
    private let secret: [UInt8]
    let startedAt: Date
    let expiresAt: Date

    private enum CodingKeys: String, CodingKey {
        case id, secret, startedAt, expiresAt
    }

    init(startedAt: Date, expiresAt: Date) {
        id = Base64URL.encode(RandomBytes.make(16))
        secret = RandomBytes.make(32)
        self.startedAt = startedAt
        self.expiresAt = expiresAt
    }

    /// 32 bytes for one use: what is shown of one use tells nothing of another.
    func bytes(for use: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(use.utf8), using: SymmetricKey(data: secret)))
    }
}
