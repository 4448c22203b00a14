/// The requirements of a client authentication method for the client's secret.
struct ClientSecretRule: Sendable {
    /// In bytes.
    let minimumLength: Int
    /// Whether the sealed secret is stored in addition to its digest.
    let isSealed: Bool

    /// The rule for a secret that the client sends. It is stored as a keyed SHA-256 digest, not a password hash, so it
    /// must be too long to guess.
    static let compared = ClientSecretRule(minimumLength: 16, isSealed: false)
}
