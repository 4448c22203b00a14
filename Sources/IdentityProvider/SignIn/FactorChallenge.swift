import Crypto
import FoundationEssentials
import JOSE

/// The secret from which the JSON API derives the codes and challenges of one ticket, since there is no page or browser
/// to bind them to. The ticket carries it sealed, so they work only with that ticket.
struct FactorChallenge: Codable, Sendable {
    /// Identifies the challenge where uses are counted.
    let id: String
    /// 32 random bytes. They leave the server only inside the sealed ticket.
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

    /// Derives 32 bytes for one use. Knowing the bytes of one use reveals nothing about those of another.
    func bytes(for use: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(use.utf8), using: SymmetricKey(data: secret)))
    }
}
