/// A token request whose client is authenticated (RFC 6749 §3.2). The input of a grant.
struct TokenRequest: Sendable {
    let client: AuthenticatedClient
    let parameters: Parameters
    /// The keys that the client proved to have. The tokens are bound to them.
    let proof: SenderProof

    /// Throws `invalid_client` (RFC 6749 §5.2), and the errors of `SenderConstraint`.
    init(_ request: Request, authenticator: ClientAuthenticator, constraint: SenderConstraint) async throws {
        client = try await authenticator.authenticate(request)
        proof = try await constraint.proof(in: request, from: client.client)
        parameters = request.parameters
    }

    /// Throws `invalid_request` if the parameter is missing.
    var grantType: GrantType {
        get throws(OAuthError) { GrantType(rawValue: try parameters.required("grant_type")) }
    }
}
