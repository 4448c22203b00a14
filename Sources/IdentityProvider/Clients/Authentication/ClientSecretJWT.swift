import JOSE

/// An assertion authenticated by an HMAC with the client's secret (OpenID Connect Core §9; RFC 7523 §2.2).
struct ClientSecretJWT: ClientAuthenticationMethod {
    static let name = "client_secret_jwt"
    // Verifying an HMAC takes the secret itself, not a digest. It must be at least as long as the hash (RFC 7518 §3.2).
    static let secret: ClientSecretRule? = ClientSecretRule(minimumLength: 32, isSealed: true)
    static let assertionAlgorithms = SignatureAlgorithm.symmetric
    private let assertions: ClientAssertionVerifier
    private let sealer: Sealer

    init(_ core: Core) {
        assertions = ClientAssertionVerifier(core)
        sealer = core.sealer
    }

    func verify(_ assertion: ClientAssertion, of client: Client, in request: Request) async throws(ClientRefusal) {
        guard let sealed = client.secret?.sealed, let secret = try? sealer.open(sealed, for: .clientSecret) else {
            throw .otherMethod
        }
        try await assertions.verify(assertion, of: client, with: JWK(symmetric: secret))
    }
}
