import HTTPTypes

/// How a request carries an access token (RFC 6750 §2): the header field or the form, never the query.
enum BearerToken {
    /// Throws the challenge of RFC 6750 §3 if there is none.
    static func read(_ request: Request) throws(OAuthError) -> String {
        let inForm = request.method == .post ? request.parameters["access_token"] : nil
        guard let field = request.headers[.authorization] else {
            guard let inForm else { throw .bearerChallenge() }
            return inForm
        }
        guard let token = AuthenticationScheme.bearer.credentials(in: field) else { throw .bearerChallenge() }
        guard inForm == nil else {
            throw .bearerChallenge(.invalidRequest, "the token must be sent in one way only")
        }
        return token
    }
}

extension OAuthError {
    /// RFC 6750 §3.1. A request without a token is told only that one is needed.
    static func bearerChallenge(
        _ code: Code = .invalidToken, _ description: String? = nil, _ parameters: [(name: String, value: String)] = []
    ) -> OAuthError {
        let error = description.map { [("error", code.rawValue), ("error_description", $0)] } ?? []
        return OAuthError(
            code: code, description: description ?? "an access token is needed",
            headers: [.wwwAuthenticate: AuthenticationScheme.bearer.challenge(error + parameters)])
    }
}
