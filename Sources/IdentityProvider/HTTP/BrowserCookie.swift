import JOSE

/// The random identity of a browser, which exists before anyone signs in. Forms and interactions are bound to it. Each
/// sign-in and sign-out replaces it, so that an identity planted by an attacker becomes useless.
struct BrowserIdentity: Hashable, Sendable {
    let value: String
}

/// The cookie that holds the browser's identity.
struct BrowserCookie: Sendable {
    private let cookie: Cookie

    init(of issuer: Issuer) { cookie = Cookie("browser", of: issuer) }

    func identity(in request: Request) -> BrowserIdentity? {
        cookie.secret(in: request).map(BrowserIdentity.init)
    }

    /// Returns the browser's identity, or a new one with its `Set-Cookie` value.
    func identityOrNew(in request: Request) -> (BrowserIdentity, setting: String?) {
        if let identity = identity(in: request) { return (identity, nil) }
        let (identity, setting) = renewed()
        return (identity, setting)
    }

    /// Returns a new identity that replaces the browser's current one, with its `Set-Cookie` value.
    func renewed() -> (BrowserIdentity, setting: String) {
        let identity = BrowserIdentity(value: Base64URL.encode(RandomBytes.make(32)))
        return (identity, cookie.setting(identity.value))
    }

    func clearing() -> String { cookie.clearing() }
}
