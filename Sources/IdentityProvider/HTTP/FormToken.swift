import Crypto
import JOSE

/// Ties a form to the browser that was shown it: another site can make a browser post, but cannot know the token.
package struct FormToken: Sendable {
    private let vault: KeyVault
    private let browser: BrowserCookie

    init(_ vault: KeyVault, browser: BrowserCookie) {
        self.vault = vault
        self.browser = browser
    }

    /// The hidden field's value for the browser that has this identity.
    func value(for identity: BrowserIdentity) -> String {
        Self.value(for: identity, under: vault.currentOrNone(.form))
    }

    private static func value(for identity: BrowserIdentity, under key: DataKey) -> String {
        Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: Array(identity.value.utf8), using: key.working)))
    }

    /// Throws when the form does not come from a page that this browser was shown.
    func verify(_ request: Request) throws(OAuthError) {
        guard let identity = browser.identity(in: request), let token = request.parameters["form_token"],
            vault.accepted(.form, opensFor: vault.lifetimes.session).contains(where: { key in
                ConstantTime.equal(Array(token.utf8), Array(Self.value(for: identity, under: key).utf8))
            })
        else {
            throw OAuthError(
                code: .accessDenied, description: "the form does not belong to this browser, or cookies are blocked")
        }
    }
}
