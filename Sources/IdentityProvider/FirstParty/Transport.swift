import HTTPTypes

/// How tokens travel to a front end.
enum Transport: String, Codable, Sendable {
    /// In the body, and back in `Authorization`.
    case body = "body"
    /// In cookies that no script can read.
    case cookie = "cookie"

    /// Throws `invalid_request` for another one. Cookies are set for our own pages alone: another origin could otherwise
    /// sign its visitors in as somebody else.
    init(_ request: Request, of issuer: Issuer) throws(OAuthError) {
        guard let transport = Transport(rawValue: request.parameters["transport"] ?? "body") else {
            throw .invalidRequest("transport must be body or cookie")
        }
        let site = request.headers[.fetchSite] ?? "same-origin"
        guard transport == .body || site == "same-origin" else {
            throw OAuthError(code: .accessDenied, description: "cookies are for pages of this origin")
        }
        if transport == .cookie { try RequestOrigin(of: issuer).verify(request) }
        self = transport
    }
}

/// The cookies that carry tokens, and what keeps other sites from using them.
struct TokenCookies: Sendable {
    let access: Cookie
    let refresh: Cookie
    private let origin: RequestOrigin
    private let token: KeyedToken

    init(_ core: Core) {
        access = Cookie("access", of: core.issuer)
        refresh = Cookie("refresh", of: core.issuer)
        origin = RequestOrigin(of: core.issuer)
        token = KeyedToken(vault: core.vault, keyClass: .cookie)
    }

    /// What a page must send along in `X-CSRF-Token` when it changes something.
    func antiForgeryToken(of authorization: Identifier<Authorization>) -> String {
        token.value(for: authorization.rawValue)
    }

    /// Throws when the request, whose credentials came in cookies, was not made by a page that was told the token.
    func verify(_ request: Request, for authorization: Identifier<Authorization>) throws(OAuthError) {
        try origin.verify(request)
        guard let shown = request.headers[.csrfToken], token.matches(shown, for: authorization.rawValue)
        else {
            throw OAuthError(
                code: .accessDenied, description: "X-CSRF-Token must be the csrf_token of the sign-in")
        }
    }

    var clearing: [String] { [access.clearing(), refresh.clearing()] }
}

extension HTTPField.Name {
    static let csrfToken = known("X-CSRF-Token")
    static let fetchSite = known("Sec-Fetch-Site")
}
