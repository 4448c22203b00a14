import Crypto
import JOSE

/// Creates the `session_state` of authentication responses (OpenID Connect Session Management §2), for the clients that
/// use it.
struct SessionStates: Sendable {
    private let clients: any ClientStore
    private let sessions: SessionCookie
    private let browserState: BrowserState

    init(_ core: Core) {
        clients = core.clients
        sessions = SessionCookie(core)
        browserState = BrowserState(core)
    }

    /// Returns the `session_state` of a response to `redirectURI`, with the `Set-Cookie` value if the browser has another
    /// state; `nil` if the client doesn't use session management, or is an app without an origin.
    func state(
        for client: Identifier<Client>, at redirectURI: String, in request: Request
    ) async throws -> (value: String, cookie: String?)? {
        guard try await clients.find(client)?.logoutRules.usesSessionManagement == true,
            let origin = Origin.serialized(redirectURI)
        else { return nil }
        let isSignedIn = try await sessions.session(of: request) != nil
        let state = browserState.current(in: request, isSignedIn: isSignedIn)
        return (Self.value(of: state.value, for: client, at: origin), state.setting)
    }

    /// Salted, so that two clients can't tell that they have the same browser.
    private static func value(of browserState: String, for client: Identifier<Client>, at origin: String) -> String {
        let salt = Base64URL.encode(RandomBytes.make(16))
        let text = "\(client.rawValue) \(origin) \(browserState) \(salt)"
        return "\(Base64URL.encode(Array(SHA256.hash(data: Array(text.utf8))))).\(salt)"
    }
}
