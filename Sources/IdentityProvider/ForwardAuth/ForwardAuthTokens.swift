import Crypto
import FoundationEssentials
import JOSE

/// The sealed state of a redirect to sign-in: where the user came from.
struct ForwardSignIn: Codable, Sendable {
    let origin: String
    /// Path and query at the origin.
    let uri: String
    /// The digest of the browser's cookie at the origin.
    let browser: String
    let startedAt: Date

    private enum CodingKeys: String, CodingKey {
        case origin, uri, browser, startedAt
    }
}

/// The sealed ticket that carries a sign-in back to the application's origin. Works once, in one browser.
struct ForwardTicket: Codable, Sendable {
    let id: String
    let origin: String
    let uri: String
    let browser: String
    let session: Identifier<Session>
    let expiresAt: Date

    private enum CodingKeys: String, CodingKey {
        case id, origin, uri, browser, session, expiresAt
    }
}

/// The sealed pass that the browser keeps at the application's origin. Valid only there, and no longer than the
/// session.
struct ForwardPass: Codable, Sendable {
    let origin: String
    let session: Identifier<Session>

    private enum CodingKeys: String, CodingKey {
        case origin, session
    }
}

extension SealedPurpose {
    static let forwardSignIn = transit("forward sign-in") { $0.interaction }
    static let forwardTicket = transit("forward ticket") { $0.interaction }
    static let forwardPass = transit("forward pass") { $0.session }
}

/// The cookies at the application's own origin, which the proxy forwards.
struct ForwardCookies: Sendable {
    let pass: Cookie
    private let browser: Cookie

    init(origin: String) {
        pass = Cookie("forward", at: origin)
        browser = Cookie("forward-browser", at: origin)
    }

    /// Returns the digest of the browser's identifier and the `Set-Cookie` value. An existing identifier is kept, so
    /// that a sign-in in another tab doesn't break this one.
    func browserOrNew(in request: Request, maxAge: Int) -> (digest: String, setting: String) {
        let name = name(in: request) ?? Base64URL.encode(RandomBytes.make(32))
        return (Self.digest(name), browser.setting(name, maxAge: maxAge))
    }

    /// Returns whether the sign-in began in this browser. Otherwise an attacker could sign a user in with a link of
    /// their own (login CSRF).
    func isBrowser(_ digest: String, in request: Request) -> Bool {
        guard let name = name(in: request) else { return false }
        return ConstantTime.equal(Array(digest.utf8), Array(Self.digest(name).utf8))
    }

    private func name(in request: Request) -> String? {
        browser.secret(in: request)
    }

    private static func digest(_ name: String) -> String {
        Base64URL.encode(Array(SHA256.hash(data: Array(name.utf8))))
    }
}
