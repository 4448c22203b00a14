import HTTPTypes

/// How a request carries an access token (RFC 6750 §2): the header field or the form, never the query.
enum BearerToken {
    /// Throws the challenge of RFC 6750 §3 when there is none.
    static func read(_ request: Request) throws(OAuthError) -> String {
        let inForm = request.method == .post ? request.parameters["access_token"] : nil
        guard let field = request.headers[.authorization] else {
            guard let inForm else { throw .bearerChallenge() }
            return inForm
        }
        // The scheme's name is case-insensitive (RFC 9110 §11.1).
        guard field.prefix(7).lowercased() == "bearer " else { throw .bearerChallenge() }
        guard inForm == nil else {
            throw .bearerChallenge(.invalidRequest, "the token must be sent in one way only")
        }
        return String(field.dropFirst(7).drop { $0 == " " })
    }
}

extension OAuthError {
    /// RFC 6750 §3.1. A request without a token is told only that one is needed.
    static func bearerChallenge(
        _ code: Code = .invalidToken, _ description: String? = nil, scope: String? = nil
    ) -> OAuthError {
        var challenge = "Bearer realm=\"martlet\""
        if let description {
            challenge += ", error=\"\(code.rawValue)\", error_description=\"\(description)\""
        }
        if let scope { challenge += ", scope=\"\(scope)\"" }
        return OAuthError(
            code: code, description: description ?? "an access token is needed", headers: [.wwwAuthenticate: challenge])
    }
}
