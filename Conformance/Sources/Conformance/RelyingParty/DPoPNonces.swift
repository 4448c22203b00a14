import Synchronization

/// The latest DPoP nonce from each origin (RFC 9449 §8, §9).
final class DPoPNonces: Sendable {
    private let nonces = Mutex<[String: String]>([:])

    subscript(address: WebAddress) -> String? { nonces.withLock { $0[address.origin] } }

    func take(_ answer: WebAnswer, from address: WebAddress) {
        guard let nonce = answer.header("DPoP-Nonce") else { return }
        nonces.withLock { $0[address.origin] = nonce }
    }

    /// Whether the response demands a proof with the nonce that it brings.
    static func isChallenge(_ answer: WebAnswer) -> Bool {
        guard answer.header("DPoP-Nonce") != nil else { return false }
        return answer.json?["error"]?.string == "use_dpop_nonce"
            || answer.all("WWW-Authenticate").contains { $0.contains("use_dpop_nonce") }
    }
}
