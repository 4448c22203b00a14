/// Ties a form to the browser and the session that it was shown in: another origin can make a browser post, but cannot
/// know the token.
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

    /// The hidden field's value for the browser that has this identity and sent `request`.
    func value(for identity: BrowserIdentity, in request: Request) -> String {
        token.value(for: text(identity, request))
    }

    /// The identity alone may be one that a sibling origin planted; the secret of the session nobody else knows. Both have a
    /// fixed length, so no other pair makes the same text.
    private func text(_ identity: BrowserIdentity, _ request: Request) -> String {
        identity.value + (session.secret(in: request) ?? "")
    }

    /// Throws when the form does not come from a page of this origin that this browser was shown in this session.
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
