import Crypto

/// The party to which credentials are scoped (WebAuthn L3 §4, §5.4.2).
package struct RelyingParty: Sendable, Hashable {
    /// The RP ID, which is a host name.
    package let id: String
    /// The only origin whose pages may use the credentials, compared exactly (§13.4.9).
    package let origin: String

    package init(id: String, origin: String) {
        self.id = id
        self.origin = origin
    }

    var idHash: [UInt8] { Array(SHA256.hash(data: Array(id.utf8))) }
}
