/// A client that cannot keep a secret and proves nothing (RFC 6749 §2.1).
struct PublicClient: ClientAuthenticationMethod {
    static let name = "none"

    init(_ core: Core) {}

    func verify(_ credential: NoCredential, of client: Client, in request: Request) {}
}
