import Crypto
import JOSE

/// An HMAC of a text under a data key. Forms and pages send it back to prove that the issuer created them.
struct KeyedToken: Sendable {
    let vault: KeyVault
    let keyClass: DataKeyClass

    func value(for text: String) -> String { Self.value(for: text, under: vault.currentOrNone(keyClass)) }

    /// Compares in constant time. A token under a replaced key is accepted for the token lifetime of the class.
    func matches(_ token: String, for text: String) -> Bool {
        vault.accepted(keyClass, opensFor: keyClass.tokenLifetime(vault.lifetimes)).contains { key in
            ConstantTime.equal(Array(token.utf8), Array(Self.value(for: text, under: key).utf8))
        }
    }

    private static func value(for text: String, under key: DataKey) -> String {
        Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key.working)))
    }
}
