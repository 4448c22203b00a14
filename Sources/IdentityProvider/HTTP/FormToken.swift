import Crypto
import JOSE

/// Ties a form to the browser and the session that it was shown in: another origin can make a browser post, but cannot
/// know the token.
package struct FormToken: Sendable {
    private let vault: KeyVault
    private let origin: RequestOrigin
    private let browser: BrowserCookie
    private let session: Cookie

    init(_ vault: KeyVault, of issuer: Issuer, browser: BrowserCookie) {
        self.vault = vault
        origin = RequestOrigin(of: issuer)
        session = .session(of: issuer)
        self.browser = browser
    }

    /// The hidden field's value for the browser that has this identity and sent `request`.
    func value(for identity: BrowserIdentity, in request: Request) -> String {
        value(for: identity, in: request, under: vault.currentOrNone(.form))
    }

    private func value(for identity: BrowserIdentity, in request: Request, under key: DataKey) -> String {
        // The identity alone may be one that a sibling origin planted; the secret of the session nobody else knows. Both
        // have a fixed length, so no other pair makes the same text.
        let text = identity.value + (session.secret(in: request) ?? "")
        return Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key.working)))
    }

    /// Throws when the form does not come from a page of this origin that this browser was shown in this session.
    func verify(_ request: Request) throws(OAuthError) {
        try origin.verify(request)
        guard let identity = browser.identity(in: request), let token = request.parameters["form_token"],
            vault.accepted(.form, opensFor: vault.lifetimes.session).contains(where: { key in
                ConstantTime.equal(
                    Array(token.utf8), Array(value(for: identity, in: request, under: key).utf8))
            })
        else {
            throw OAuthError(
                code: .accessDenied,
                description: "the form does not belong to this browser and session, or cookies are blocked")
        }
    }
}
