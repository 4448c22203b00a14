/// Verifies a secret sent by a client against the registered one (RFC 6749 §2.3.1).
struct ClientSecretVerifier: Sendable {
    private let digester: SecretDigester

    init(_ core: Core) { digester = core.digester }

    /// Throws `wrongSecret` unless one of `secrets` is right. Every one is compared in constant time, in both registered
    /// forms, so the time doesn't reveal which one was close.
    func verify(anyOf secrets: [String], of client: Client) async throws(ClientRefusal) {
        guard let digest = client.secret?.digest else { throw .wrongSecret }
        let matches = secrets.map { secret in
            let text = HashedClientSecret.text(of: secret)
            return (digester.matches(secret, digest), digester.matches(text, digest.ofHash), secret, text)
        }
        guard let (isPlain, _, secret, text) = matches.first(where: { $0.0 || $0.1 }) else { throw .wrongSecret }
        if isPlain {
            await digester.renew(digest, of: secret)
        } else {
            await digester.renew(digest.ofHash, of: text)
        }
    }
}

extension ClientRefusal {
    static let wrongSecret = ClientRefusal(name: "wrong_secret", sentence: "the client_secret is wrong.")
}
