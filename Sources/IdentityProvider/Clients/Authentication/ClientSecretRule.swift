/// What a client authentication method asks of the client's secret.
struct ClientSecretRule: Sendable {
    /// In bytes.
    let minimumLength: Int
    /// Whether the secret itself is kept, sealed, besides its digest.
    let isSealed: Bool

    /// For a secret that the client sends. A keyed SHA-256 digest protects it, not a password hash, so it must be too long
    /// to guess.
    static let compared = ClientSecretRule(minimumLength: 16, isSealed: false)
}
