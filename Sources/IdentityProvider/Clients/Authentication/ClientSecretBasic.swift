/// The secret in the `Authorization` field (RFC 6749 §2.3.1).
struct ClientSecretBasic: ClientAuthenticationMethod {
    static let name = "client_secret_basic"
    static let secret: ClientSecretRule? = .compared
    private let secrets: ClientSecretVerifier

    init(_ core: Core) { secrets = ClientSecretVerifier(core) }

    func verify(_ credential: BasicCredential, of client: Client, in request: Request) async throws(ClientRefusal) {
        try await secrets.verify(anyOf: credential.secrets(of: client.id), of: client)
    }
}
