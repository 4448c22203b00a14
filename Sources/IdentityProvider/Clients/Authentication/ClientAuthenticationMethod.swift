import JOSE

/// One way for clients to authenticate (RFC 7591 §2; OpenID Connect Core §9): what a request carries, what the client has
/// registered, and how one is verified with the other.
protocol ClientAuthenticationMethod: Sendable {
    /// `NoCredential` if the request carries nothing. A client certificate is part of the connection: a request that comes
    /// with one may still authenticate in another way (RFC 8705 §3).
    associatedtype Credential: ClientCredential

    /// The registered name, used in `token_endpoint_auth_method` (RFC 7591 §4.2).
    static var name: String { get }
    /// What the client's secret must be; `nil` if the client has none.
    static var secret: ClientSecretRule? { get }
    /// Whether the client must register its keys.
    static var needsKeys: Bool { get }
    /// Algorithms of the client's assertions; empty if it signs none.
    static var assertionAlgorithms: [SignatureAlgorithm] { get }

    init(_ core: Core)

    /// Throws unless `credential`, or the connection of `request`, proves that the request comes from `client`.
    func verify(_ credential: Credential, of client: Client, in request: Request) async throws(ClientRefusal)
}

extension ClientAuthenticationMethod {
    static var secret: ClientSecretRule? { nil }
    static var needsKeys: Bool { false }
    static var assertionAlgorithms: [SignatureAlgorithm] { [] }

    static func credential(in request: Request) throws(OAuthError) -> (any ClientCredential)? {
        try Credential(request)
    }

    /// Verifies the credential of `claimed`. Throws `otherMethod` if it is not one of this method.
    func verify(_ claimed: ClaimedClient, as client: Client, in request: Request) async throws(ClientRefusal) {
        guard let credential = claimed.credential as? Credential else { throw .otherMethod }
        try await verify(credential, of: client, in: request)
    }
}
