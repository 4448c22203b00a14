import HTTPTypes

/// How tokens reach a front end and come back.
enum Transport: String, Codable, Sendable {
    /// In the response body, and back in the `Authorization` header.
    case body = "body"
    /// In cookies that scripts can't read.
    case cookie = "cookie"

    /// Throws `invalid_request` for an unknown value. Cookies are set only for pages of this origin: otherwise another
    /// site could sign its visitors in as someone else.
    init(_ request: Request, of issuer: Issuer) throws(OAuthError) {
        guard let transport = Transport(rawValue: request.parameters["transport"] ?? "body") else {
            throw .invalidRequest("transport must be body or cookie")
        }
        let site = request.headers[.fetchSite] ?? "same-origin"
        guard transport == .body || site == "same-origin" else {
            throw OAuthError(code: .accessDenied, description: "transport cookie is only for pages of this origin")
        }
        if transport == .cookie { try RequestOrigin(of: issuer).verify(request) }
        self = transport
    }
}

/// The cookies that carry tokens, and their protection against cross-site request forgery.
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

    /// Returns the token that a page must send in `X-CSRF-Token` with every change.
    func antiForgeryToken(of authorization: Identifier<Authorization>) -> String {
        token.value(for: authorization.rawValue)
    }

    /// Throws unless the request, whose credentials came in cookies, was made by a page that knows the anti-forgery
    /// token.
    func verify(_ request: Request, for authorization: Identifier<Authorization>) throws(OAuthError) {
        try origin.verify(request)
        guard let shown = request.headers[.csrfToken], token.matches(shown, for: authorization.rawValue)
        else {
            throw OAuthError(
                code: .accessDenied, description: "X-CSRF-Token must hold the csrf_token from sign-in")
        }
    }

    var clearing: [String] { [access.clearing(), refresh.clearing()] }
}

extension HTTPField.Name {
    static let csrfToken = known("X-CSRF-Token")
    static let fetchSite = known("Sec-Fetch-Site")
}
