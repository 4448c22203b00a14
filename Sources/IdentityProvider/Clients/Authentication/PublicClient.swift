/// The method of a client that can't keep a secret and doesn't authenticate (RFC 6749 §2.1).
struct PublicClient: ClientAuthenticationMethod {
    static let name = "none"

    init(_ core: Core) {}

    func verify(_ credential: NoCredential, of client: Client, in request: Request) {}
}
