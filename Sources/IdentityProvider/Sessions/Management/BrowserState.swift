import Crypto
import FoundationEssentials
import JOSE

/// The sign-in state of a browser, in a cookie that the script of `CheckSessionEndpoint` reads (OpenID Connect Session
/// Management §3.2). It changes when someone signs in or out, and when another account becomes the current one.
///
/// The value is random, or an HMAC under the secrets of the browser's sessions. It reveals nothing about them, and
/// nothing accepts it.
struct BrowserState: Sendable {
    let cookie: Cookie
    private let session: Cookie
    private let accounts: Cookie
    /// In seconds.
    private let lifetime: TimeInterval

    init(_ core: Core) {
        cookie = Cookie("state", of: core.issuer)
        session = .session(of: core.issuer)
        accounts = .accounts(of: core.issuer)
        lifetime = core.settings.lifetimes.session
    }

    /// Returns the browser's state, with the `Set-Cookie` value if the browser doesn't have it yet.
    func current(in request: Request, isSignedIn: Bool) -> (value: String, setting: String?) {
        let kept = cookie.secret(in: request)
        let secret = session.secret(in: request)
        let ofSessions = Self.value(secret ?? "", accounts.value(in: request) ?? "")
        let hasEnded = secret != nil && !isSignedIn
        // A frame on another site has no session cookie, so a state stays unless its own session has ended.
        let value = (hasEnded ? kept == ofSessions ? nil : kept : ofSessions ?? kept) ?? Self.random()
        return (value, value == kept ? nil : setting(value))
    }

    /// Returns the `Set-Cookie` value for the state after `response`; `nil` if the response leaves the session cookies
    /// alone, or if the browser keeps no state because none of its clients uses session management.
    func setting(following response: Response, to request: Request) -> String? {
        let (secret, others) = (session.value(setBy: response), accounts.value(setBy: response))
        guard secret != nil || others != nil, cookie.value(in: request) != nil else { return nil }
        return setting(
            Self.value(
                secret ?? session.secret(in: request) ?? "", others ?? accounts.value(in: request) ?? "")
                ?? Self.random())
    }

    private func setting(_ value: String) -> String { cookie.settingForScripts(value, maxAge: Int(lifetime)) }

    private static func random() -> String { Base64URL.encode(RandomBytes.make(32)) }

    /// Returns the state of a browser with these session cookies; `nil` if it has none.
    private static func value(_ secret: String, _ others: String) -> String? {
        guard !secret.isEmpty || !others.isEmpty else { return nil }
        let key = SymmetricKey(data: Array("\(secret) \(others)".utf8))
        return Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: Array("browser state".utf8), using: key)))
    }
}
