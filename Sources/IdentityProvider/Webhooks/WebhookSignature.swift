import Crypto
package import FoundationEssentials

/// Shows the receiver that Martlet sent it, and when: `t=SECONDS,v1=HEX`, where HEX is HMAC-SHA256 under the shared secret
/// over the seconds, a full stop and the body. A receiver refuses what is older than five minutes, so that nobody can send
/// it again later; each attempt is signed anew.
package struct WebhookSignature: Sendable {
    private let key: SymmetricKey

    package init(secret: String) { key = SymmetricKey(data: Array(secret.utf8)) }

    package func sign(_ body: String, at moment: Date) -> String {
        let seconds = Int(moment.timeIntervalSince1970)
        let mac = HMAC<SHA256>.authenticationCode(for: Array("\(seconds).\(body)".utf8), using: key)
        return "t=\(seconds),v1=" + mac.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
