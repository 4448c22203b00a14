import Crypto
import JOSE

/// A text that only this issuer can make for another text: what a form or a page sends back to show that it was ours.
struct KeyedToken: Sendable {
    let vault: KeyVault
    let keyClass: DataKeyClass

    func value(for text: String) -> String { Self.value(for: text, under: vault.currentOrNone(keyClass)) }

    /// In constant time. A token under a former key counts as long as one can be good.
    func matches(_ token: String, for text: String) -> Bool {
        vault.accepted(keyClass, opensFor: keyClass.tokenLifetime(vault.lifetimes)).contains { key in
            ConstantTime.equal(Array(token.utf8), Array(Self.value(for: text, under: key).utf8))
        }
    }

    private static func value(for text: String, under key: DataKey) -> String {
        Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key.working)))
    }
}
