import JOSE

/// A client authentication method (RFC 7591 §2; OpenID Connect Core §9): the credential it reads from a request, what a
/// client must register for it, and how it verifies one against the other.
protocol ClientAuthenticationMethod: Sendable {
    /// `NoCredential` if the request itself carries none. A client certificate belongs to the connection, and a request
    /// with one may still use another method (RFC 8705 §3).
    associatedtype Credential: ClientCredential

    /// The registered name, used in `token_endpoint_auth_method` (RFC 7591 §4.2).
    static var name: String { get }
    /// The requirements for the client's secret; `nil` if the method uses none.
    static var secret: ClientSecretRule? { get }
    /// Whether the client must register public keys.
    static var needsKeys: Bool { get }
    /// The accepted algorithms of client assertions; empty if the method uses none.
    static var assertionAlgorithms: [SignatureAlgorithm] { get }

    init(_ core: Core)

    /// Whether the metadata lists the method.
    static func isOffered(with mutualTLS: MutualTLS?) -> Bool

    /// Throws unless `credential`, or the connection of `request`, proves that the request comes from `client`.
    func verify(_ credential: Credential, of client: Client, in request: Request) async throws(ClientRefusal)
}

extension ClientAuthenticationMethod {
    static var secret: ClientSecretRule? { nil }
    static var needsKeys: Bool { false }
    static var assertionAlgorithms: [SignatureAlgorithm] { [] }

    static func isOffered(with mutualTLS: MutualTLS?) -> Bool { true }

    static func credential(in request: Request) throws(OAuthError) -> (any ClientCredential)? {
        try Credential(request)
    }

    /// Verifies the credential of `claimed`. Throws `otherMethod` if it belongs to another method.
    func verify(_ claimed: ClaimedClient, as client: Client, in request: Request) async throws(ClientRefusal) {
        guard let credential = claimed.credential as? Credential else { throw .otherMethod }
        try await verify(credential, of: client, in: request)
    }
}
