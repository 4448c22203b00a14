import HTTPTypes

enum BearerToken {
    /// Returns the access token in the header field or form of a request (RFC 6750 §2.1, §2.2). A token in the query is
    /// ignored. Throws the challenge of RFC 6750 §3 if there is no token.
    static func read(_ request: Request) throws(OAuthError) -> String {
        let inForm = request.method == .post ? request.parameters["access_token"] : nil
        guard let field = request.headers[.authorization] else {
            guard let inForm else { throw .bearerChallenge() }
            return inForm
        }
        guard let token = AuthenticationScheme.bearer.credentials(in: field) else { throw .bearerChallenge() }
        guard inForm == nil else {
            throw .bearerChallenge(.invalidRequest, "the access token must be sent in only one way")
        }
        return token
    }
}

extension OAuthError {
    /// The challenge of a protected endpoint. Without a `description`, for requests without a token, it contains no
    /// error (RFC 6750 §3.1).
    static func bearerChallenge(
        _ code: Code = .invalidToken, _ description: String? = nil, _ parameters: [(name: String, value: String)] = []
    ) -> OAuthError {
        let error = description.map { [("error", code.rawValue), ("error_description", $0)] } ?? []
        return OAuthError(
            code: code, description: description ?? "an access token is required",
            headers: [.wwwAuthenticate: AuthenticationScheme.bearer.challenge(error + parameters)])
    }
}
