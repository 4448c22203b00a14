/// The secret as a form parameter (RFC 6749 §2.3.1).
struct ClientSecretPost: ClientAuthenticationMethod {
    static let name = "client_secret_post"
    static let secret: ClientSecretRule? = .compared
    private let secrets: ClientSecretVerifier

    init(_ core: Core) { secrets = ClientSecretVerifier(core) }

    func verify(_ credential: SecretParameter, of client: Client, in request: Request) async throws(ClientRefusal) {
        try await secrets.verify(anyOf: [credential.secret], of: client)
    }
}

/// The `client_secret` parameter.
struct SecretParameter: ClientCredential {
    static let place = "client_secret"
    let secret: String
    var proof: String? { secret }

    init?(_ request: Request) {
        guard let secret = request.parameters[Self.place] else { return nil }
        self.secret = secret
    }
}
