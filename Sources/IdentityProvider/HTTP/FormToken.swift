/// The anti-forgery token of forms, bound to the browser and its session. Another origin can make a browser submit a
/// form but doesn't know the token.
package struct FormToken: Sendable {
    private let token: KeyedToken
    private let origin: RequestOrigin
    private let browser: BrowserCookie
    private let session: Cookie

    init(_ core: Core) {
        token = KeyedToken(vault: core.vault, keyClass: .form)
        origin = RequestOrigin(of: core.issuer)
        browser = BrowserCookie(of: core.issuer)
        session = .session(of: core.issuer)
    }

    /// Returns the value of the hidden field, for a form shown in response to `request`.
    func value(for identity: BrowserIdentity, in request: Request) -> String {
        token.value(for: text(identity, request))
    }

    /// Includes the session secret, because a sibling origin may have planted the identity but can't know the secret.
    /// Both have a fixed length, so the concatenation is unambiguous.
    private func text(_ identity: BrowserIdentity, _ request: Request) -> String {
        identity.value + (session.secret(in: request) ?? "")
    }

    /// Throws `access_denied` unless the form comes from a page of this origin, shown to this browser in this session.
    func verify(_ request: Request) throws(OAuthError) {
        try origin.verify(request)
        guard let identity = browser.identity(in: request), let shown = request.parameters["form_token"],
            token.matches(shown, for: text(identity, request))
        else {
            throw OAuthError(
                code: .accessDenied,
                description: "the form does not belong to this browser and session, or cookies are blocked",
                reason: .formForeign)
        }
    }
}
