import Crypto

extension JWK {
    /// The SHA-256 thumbprint of RFC 7638 §3, as base64url; that of a shared secret is never made, for it would help
    /// to guess it (§7), and is empty.
    package var thumbprint: String {
        // The members stand in lexicographic order already (§3.3).
        material.members.map { Base64URL.encode(Array(SHA256.hash(data: $0.serialized()))) } ?? ""
    }
}
