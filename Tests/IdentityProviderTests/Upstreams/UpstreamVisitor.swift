import HTTPTypes
import JOSE
import TestSupport

@testable import IdentityProvider

/// A user who goes from the sign-in page to an upstream and comes back.
struct UpstreamVisitor {
    let issuer: TestIssuer
    let browser: Browser
    let upstream: String

    init(_ issuer: TestIssuer, at upstream: String = "up") {
        self.issuer = issuer
        browser = Browser(issuer)
        self.upstream = upstream
    }

    /// Begins an authorization request and returns the location at the upstream that the browser is sent to.
    func leave(_ request: [(String, String)] = Browser.webRequest()) async throws -> String {
        let page = try await browser.get("/authorize", request).page()
        let here = try Request(method: .get, path: "/sign-in", headers: [.cookie: browser.cookieHeader])
        let interaction = try InteractionKeeper(issuer.core).resume(page.text("interaction"), in: here)
        return try await leave(for: .signIn(interaction), in: here)
    }

    /// Begins to link an account at the upstream to the signed-in user.
    func leaveToLink() async throws -> String {
        let here = try Request(method: .get, path: "/account", headers: [.cookie: browser.cookieHeader])
        guard let (session, user) = try await SessionCookie(issuer.core).current(here) else {
            throw Unexpected("no session")
        }
        return try await leave(for: .link(user: user.id, session: session.id), in: here)
    }

    private func leave(for purpose: UpstreamAttempt.Purpose, in request: Request) async throws -> String {
        guard let upstream = try await issuer.core.upstreams.findEnabled(Identifier(rawValue: upstream)) else {
            throw Unexpected("no upstream \(upstream)")
        }
        let response = try await UpstreamStarter(issuer.core).start(upstream, for: purpose, in: request)
        for field in response.headers[values: .setCookie] { browser.set(field) }
        guard let location = response.headers[.location] else { throw Unexpected("no redirect") }
        return location
    }

    /// Comes back without following further redirects.
    func comeBack(_ parameters: [(String, String)], to path: String? = nil) async throws -> Response {
        let query = FormEncoding.encode(parameters.map { (name: $0.0, value: $0.1) })
        return try await browser.request(.get, path ?? "/upstream/\(upstream)/callback", query: query)
    }

    /// Goes to the upstream, signs in there, comes back, and allows what the client asks for.
    func signIn(
        with canned: CannedUpstream, _ request: [(String, String)] = Browser.webRequest()
    ) async throws -> Response {
        let back = try await comeBack(canned.authorize(leave(request)))
        let response = try await browser.follow(back)
        guard case .page(let page) = response.body, page.template == "consent" else { return response }
        return try await browser.submit(page, [("decision", "allow")])
    }
}

extension UpstreamVisitor {
    /// A user `alice` whose account at `canned` is linked.
    static func linked(
        _ canned: CannedUpstream, _ resource: JSONObject = [:], clock: TestClock = TestClock()
    ) async throws -> UpstreamVisitor {
        let issuer = try await TestIssuer(
            resources: TestIssuer.resources(with: canned.resource(resource)), clock: clock, fetcher: canned)
        try await issuer.link("alice", to: canned.id)
        return UpstreamVisitor(issuer, at: canned.id)
    }

    /// Goes to `canned` and comes back. Returns the reason why that led to nothing, or `nil` if the user signed in.
    func problem(
        with canned: CannedUpstream, _ request: [(String, String)] = Browser.webRequest()
    ) async throws -> String? {
        let back = try await comeBack(canned.authorize(leave(request)))
        guard back.upstreamProblem == nil else { return back.upstreamProblem }
        guard browser.cookie("session") != nil else { throw Unexpected("neither a session nor a problem") }
        return nil
    }
}

/// The parameters of a URL with a query.
func parameters(of url: String) throws -> Parameters {
    try Parameters(parsing: url.drop { $0 != "?" }.dropFirst(), limits: Limits())
}

extension Response {
    /// The reason in a redirect back to the page where an attempt at an upstream began.
    var upstreamProblem: String? {
        guard let problem = try? answer()["problem"], problem.hasPrefix("upstream_") else { return nil }
        return String(problem.dropFirst("upstream_".count))
    }
}
