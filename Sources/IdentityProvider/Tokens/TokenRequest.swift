/// A token request whose client is authenticated (RFC 6749 §3.2). The input of a grant.
struct TokenRequest: Sendable {
    let client: AuthenticatedClient
    let parameters: Parameters

    /// Throws `invalid_client` (RFC 6749 §5.2).
    init(_ request: Request, authenticator: ClientAuthenticator) async throws {
        client = try await authenticator.authenticate(request)
        parameters = request.parameters
    }

    /// Throws `invalid_request` if the parameter is missing.
    var grantType: GrantType {
        get throws(OAuthError) { GrantType(rawValue: try parameters.required("grant_type")) }
    }
}
