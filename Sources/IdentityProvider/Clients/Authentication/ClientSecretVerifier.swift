/// Verifies a secret sent by a client against the registered one (RFC 6749 §2.3.1).
struct ClientSecretVerifier: Sendable {
    private let digester: SecretDigester

    init(_ core: Core) { digester = core.digester }

    /// Throws `wrongSecret`. The comparison takes constant time.
    func verify(_ secret: String, of client: Client) async throws(ClientRefusal) {
        guard let digest = client.secret?.digest, digester.matches(secret, digest) else { throw .wrongSecret }
        await digester.renew(digest, of: secret)
    }
}

extension ClientRefusal {
    static let wrongSecret = ClientRefusal(name: "wrong_secret", sentence: "the client_secret is wrong.")
}
