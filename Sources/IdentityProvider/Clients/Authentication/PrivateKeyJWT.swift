import JOSE

/// An assertion signed with a registered key of the client (OpenID Connect Core §9; RFC 7523 §2.2).
struct PrivateKeyJWT: ClientAuthenticationMethod {
    static let name = "private_key_jwt"
    static let needsKeys = true
    static let assertionAlgorithms = SignatureAlgorithm.asymmetric
    private let assertions: ClientAssertionVerifier

    init(_ core: Core) { assertions = ClientAssertionVerifier(core) }

    func verify(_ assertion: ClientAssertion, of client: Client, in request: Request) async throws(ClientRefusal) {
        guard client.hasKeys else { throw .otherMethod }
        try await assertions.verify(assertion, of: client)
    }
}
