import Crypto
import FoundationEssentials
import JOSE

/// The sign-in state of a browser, in a cookie that the script of `CheckSessionEndpoint` reads (OpenID Connect Session
/// Management §3.2). It changes when someone signs in or out, and when another account becomes the current one.
///
/// The value is random, or an HMAC under the session's secret. Whoever reads it learns nothing about the session, and
/// nothing accepts it.
struct BrowserState: Sendable {
    let cookie: Cookie
    private let session: Cookie
    /// In seconds.
    private let lifetime: TimeInterval

    init(_ core: Core) {
        cookie = Cookie("state", of: core.issuer)
        session = .session(of: core.issuer)
        lifetime = core.settings.lifetimes.session
    }

    /// Returns the browser's state, with the `Set-Cookie` value if the browser doesn't have it yet.
    func current(in request: Request, isSignedIn: Bool) -> (value: String, setting: String?) {
        let kept = cookie.secret(in: request)
        let ofSession = session.secret(in: request).map(Self.value)
        // A frame on another site has no session cookie, so a state stays unless its own session has ended.
        let value = (isSignedIn ? ofSession : kept == ofSession ? nil : kept) ?? Self.random()
        return (value, value == kept ? nil : setting(value))
    }

    /// Returns the `Set-Cookie` value for the state after `response`; `nil` if the response leaves the session cookie
    /// alone, or if the browser keeps no state because none of its clients uses session management.
    func setting(following response: Response, to request: Request) -> String? {
        guard let secret = session.value(setBy: response), cookie.value(in: request) != nil else { return nil }
        return setting(secret.isEmpty ? Self.random() : Self.value(of: secret))
    }

    private func setting(_ value: String) -> String { cookie.settingForScripts(value, maxAge: Int(lifetime)) }

    private static func random() -> String { Base64URL.encode(RandomBytes.make(32)) }

    private static func value(of secret: String) -> String {
        let key = SymmetricKey(data: Array(secret.utf8))
        return Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: Array("browser state".utf8), using: key)))
    }
}
