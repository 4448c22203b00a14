import Crypto
import Foundation

/// A TOTP generator with SHA-1, 30-second steps and six digits (RFC 6238).
package struct OneTimePassword: Sendable {
    private let secret: [UInt8]

    /// Decodes a base32 secret (RFC 4648 §6). Returns `nil` if it is invalid.
    package init?(secret: String) {
        var bits = 0
        var count = 0
        var bytes: [UInt8] = []
        for character in secret.uppercased() where character != "=" && character != " " {
            guard let value = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").firstIndex(of: character) else { return nil }
            bits = (bits << 5 | value) & 0xFFFF
            count += 5
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        guard !bytes.isEmpty else { return nil }
        self.secret = bytes
    }

    package static func step(at seconds: Double) -> Int { Int(seconds) / 30 }

    /// Returns the code of a time step (RFC 4226 §5.3).
    package func code(step: Int, digits: Int = 6) -> String {
        let counter = (0..<8).map { UInt8(truncatingIfNeeded: step >> (56 - 8 * $0)) }
        let hash = Array(HMAC<Insecure.SHA1>.authenticationCode(for: counter, using: SymmetricKey(data: secret)))
        let offset = Int(hash[hash.count - 1] & 15)
        let number = hash[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
        let modulus = (0..<digits).reduce(1) { power, _ in power * 10 }
        let text = String(number % modulus)
        return String(repeating: "0", count: digits - text.count) + text
    }
}
