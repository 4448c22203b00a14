import JOSE

/// A random name for a browser, from before anybody signs in: it binds forms and interactions to it, and says nothing
/// more. It lasts until the next sign-in or sign-out, so that one planted before is worth nothing afterwards.
struct BrowserIdentity: Hashable, Sendable {
    let value: String
}

/// Reads and makes the browser's identity.
struct BrowserCookie: Sendable {
    private let cookie: Cookie

    init(of issuer: Issuer) { cookie = Cookie("browser", of: issuer) }

    func identity(in request: Request) -> BrowserIdentity? {
        cookie.secret(in: request).map(BrowserIdentity.init)
    }

    /// The identity, and the `Set-Cookie` value when it is new.
    func identityOrNew(in request: Request) -> (BrowserIdentity, setting: String?) {
        if let identity = identity(in: request) { return (identity, nil) }
        let (identity, setting) = renewed()
        return (identity, setting)
    }

    /// A new identity in place of any that the browser has, and the `Set-Cookie` value.
    func renewed() -> (BrowserIdentity, setting: String) {
        let identity = BrowserIdentity(value: Base64URL.encode(RandomBytes.make(32)))
        return (identity, cookie.setting(identity.value))
    }

    func clearing() -> String { cookie.clearing() }
}
