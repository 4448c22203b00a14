import HTTPTypes
import JOSE

/// An access token as it was presented. Nothing is verified yet.
struct TokenCredential: Sendable {
    let text: String
    let scheme: AuthenticationScheme

    init(_ text: String, as scheme: AuthenticationScheme = .bearer) {
        self.text = text
        self.scheme = scheme
    }

    /// Parses an `Authorization` field (RFC 6750 §2.1, RFC 9449 §7.1). Returns `nil` for another scheme.
    init?(field: String) {
        for scheme in [AuthenticationScheme.bearer, .dpop] {
            guard let text = scheme.credentials(in: field) else { continue }
            self.init(text, as: scheme)
            return
        }
        return nil
    }

    /// Reads the access token in the header field or form of a request (RFC 6750 §2.1, §2.2). A token in the query is
    /// ignored. Throws the challenge of RFC 6750 §3 if there is no token.
    init(_ request: Request) throws(OAuthError) {
        let inForm = request.method == .post ? request.parameters["access_token"] : nil
        guard let field = request.headers[.authorization] else {
            guard let inForm else { throw .bearerChallenge() }
            self.init(inForm)
            return
        }
        guard let token = TokenCredential(field: field) else { throw .bearerChallenge() }
        guard inForm == nil else {
            throw .bearerChallenge(.invalidRequest, "the access token must be sent in only one way")
        }
        self = token
    }
}

extension OAuthError {
    /// The challenge of a protected endpoint in the scheme of the token (RFC 6750 §3; RFC 9449 §7.1). Without a
    /// `description`, for requests without a token, it contains no error and offers both schemes.
    static func bearerChallenge(
        _ code: Code = .invalidToken, _ description: String? = nil, _ parameters: [(name: String, value: String)] = [],
        scheme: AuthenticationScheme = .bearer, status: HTTPResponse.Status? = nil
    ) -> OAuthError {
        let error = description.map { [("error", code.rawValue), ("error_description", $0)] } ?? []
        var answer = OAuthError(
            code: code, description: description ?? "an access token is required", status: status,
            headers: [.wwwAuthenticate: scheme.challenge(error + parameters + scheme.algorithms)])
        if description == nil {
            let dpop = AuthenticationScheme.dpop
            answer.headers.append(HTTPField(name: .wwwAuthenticate, value: dpop.challenge(dpop.algorithms)))
        }
        return answer
    }

    /// The challenge for a token whose DPoP proof is refused (RFC 9449 §7.1, §9).
    static func challenge(_ refusal: DPoPRefusal) -> OAuthError {
        Decision.note("The DPoP proof is refused: \(refusal.reason) (RFC 9449 §4.3).")
        var answer = bearerChallenge(refusal.code, refusal.reason, scheme: .dpop, status: .unauthorized)
        answer.headers.append(contentsOf: refusal.headers)
        return answer
    }
}

extension AuthenticationScheme {
    /// The parameter of a challenge that lists the algorithms of proofs (RFC 9449 §7.1).
    fileprivate var algorithms: [(name: String, value: String)] {
        self == .dpop ? [("algs", DPoPProof.algorithms.map(\.rawValue).joined(separator: " "))] : []
    }
}
