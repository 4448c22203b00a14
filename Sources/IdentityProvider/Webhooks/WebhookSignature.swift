import Crypto
package import FoundationEssentials

/// Proves to the receiver that Martlet sent a delivery, and when: `t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256,
/// under the shared secret, of the seconds, a period and the body. Receivers refuse signatures older than five minutes
/// to prevent replay, so each attempt is signed again.
package struct WebhookSignature: Sendable {
    private let key: SymmetricKey

    package init(secret: String) { key = SymmetricKey(data: Array(secret.utf8)) }

    package func sign(_ body: String, at moment: Date) -> String {
        let seconds = Int(moment.timeIntervalSince1970)
        let mac = HMAC<SHA256>.authenticationCode(for: Array("\(seconds).\(body)".utf8), using: key)
        return "t=\(seconds),v1=" + mac.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
