import FoundationEssentials
import HTTPTypes

/// Responds to a request without a valid pass: redirects browsers to sign-in and sends 401 to other programs.
struct ForwardChallenge: Sendable {
    private let issuer: Issuer
    private let sealer: Sealer
    private let lifetimes: Lifetimes
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        sealer = core.sealer
        lifetimes = core.settings.lifetimes
        now = core.now
    }

    /// Returns the challenge. A proxy that understands only status codes asks with `redirect=manual` and gets a 401
    /// with the address in `Location`.
    func response(to forwarded: ForwardedRequest, _ request: Request) throws -> Response {
        let challenge: HTTPFields = [.cacheControl: "no-store", .wwwAuthenticate: "Session realm=\"martlet\""]
        guard forwarded.isNavigation else { return Response(status: .unauthorized, headers: challenge) }
        let cookies = ForwardCookies(origin: forwarded.origin)
        let (browser, cookie) = cookies.browserOrNew(in: request, maxAge: Int(lifetimes.interaction))
        let signIn = ForwardSignIn(origin: forwarded.origin, uri: forwarded.uri, browser: browser, startedAt: now())
        let sealed = try sealer.seal(signIn, for: .forwardSignIn)
        var answer = Response.redirect(to: issuer.url(.forwardSignIn) + "?request=\(sealed)")
        if request.parameters["redirect"] == "manual" {
            answer.status = .unauthorized
            answer.headers.append(contentsOf: challenge)
        } else {
            answer.status = .found
        }
        return answer.setting(cookie)
    }
}
