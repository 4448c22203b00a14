import Crypto

extension JWK {
    /// The SHA-256 thumbprint in base64url (RFC 7638 §3). Empty for a shared secret, because its
    /// thumbprint would help to guess it (§7).
    package var thumbprint: String {
        // The members are already in lexicographic order (§3.3).
        material.members.map { Base64URL.encode(Array(SHA256.hash(data: $0.serialized()))) } ?? ""
    }
}
