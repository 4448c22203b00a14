import JOSE

/// A random name for a browser before anybody signs in: it binds forms and interactions to it, and says nothing more.
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
        let identity = BrowserIdentity(value: Base64URL.encode(RandomBytes.make(32)))
        return (identity, cookie.setting(identity.value))
    }
}
