import Crypto

/// Whom credentials belong to (WebAuthn L3 §4, §5.4.2).
package struct RelyingParty: Sendable, Hashable {
    /// The RP ID: a host.
    package let id: String
    /// The one origin whose pages may use the credentials, compared exactly (§13.4.9).
    package let origin: String

    package init(id: String, origin: String) {
        self.id = id
        self.origin = origin
    }

    var idHash: [UInt8] { Array(SHA256.hash(data: Array(id.utf8))) }
}
