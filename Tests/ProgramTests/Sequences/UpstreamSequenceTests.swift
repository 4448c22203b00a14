import Authenticators
import Crypto
import Foundation
import JOSE
import TestSupport
import Testing

/// Two programs, one of which is the other's upstream, and Ann's browser at both.
private struct UpstreamVisit {
    let here: RunningServer
    let there: RunningServer
    let browser: WebClient
    private let away: WebClient
    /// Kept alive, because the logs are removed with them.
    let folders: [Folder]
    private static let secret = "5CFNd0OMGyV3uhDA3GPSHw-5CFNd0OMGyV3uhDA3GPSHw"
    private static let verifier = String(repeating: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g", count: 2)
    private static let callback = "https://shop.example/callback"

    init() async throws {
        let port = try freePort()
        folders = [try Folder(), try Folder()]
        try folders[1].write("resources.yaml", Self.upstream(of: "http://localhost:\(port)"))
        there = try await RunningServer(["--apply", "resources.yaml"], in: folders[1].url)
        try folders[0].write("resources.yaml", Self.resources(with: there.issuer))
        here = try await RunningServer(["--apply", "resources.yaml"], in: folders[0].url, port: port)
        browser = WebClient(origin: here.issuer)
        away = WebClient(origin: there.issuer)
    }

    private static func upstream(of issuer: String) -> String {
        """
        clients:
          - client_id: martlet
            client_secret: \(secret)
            redirect_uris: [\(issuer)/upstream/demo/callback]
            post_logout_redirect_uris: [\(issuer)/upstream/demo/signed-out]
            consent: skip
            scope: openid profile email
        users:
          - username: ann
            password: through-the-looking-glass
            name: Ann
        """
    }

    private static func resources(with upstream: String) -> String {
        """
        clients:
          - client_id: shop
            token_endpoint_auth_method: none
            redirect_uris: [\(callback)]
            post_logout_redirect_uris: [https://shop.example/]
            grant_types: [authorization_code]
            scope: openid
        upstreams:
          - preset: martlet
            id: demo
            name: Demo
            issuer: \(upstream)
            private_network: true
            client_id: martlet
            client_secret: \(secret)
            sign_up: ask
            sign_out: upstream
        users:
          - username: alice
            password: down-the-rabbit-hole
            totp_secret: JBSWY3DPEHPK3PXP
        """
    }

    func flow() -> TracedFlow { TracedFlow(upstream: there.issuer) }

    private static func query(_ more: String = "") -> String {
        "/authorize?response_type=code&client_id=shop&redirect_uri=https%3A%2F%2Fshop.example%2Fcallback&state=s"
            + "&scope=openid&code_challenge_method=S256&code_challenge="
            + Base64URL.encode(Array(SHA256.hash(data: Data(verifier.utf8)))) + more
    }

    /// Follows the link of `page` whose target begins with `path` to the upstream, signs in there if asked, and comes
    /// back.
    private func visitUpstream(from page: WebClient.Answer, by path: String, _ flow: TracedFlow) async throws
        -> WebClient.Answer
    {
        let links = page.body.matches(of: /href="([^"]+)"/).map { String($0.1).replacing("&amp;", with: "&") }
        let link = try #require(links.first { $0.hasPrefix(path) }, "\(links)")
        let left = try await flow.follow(
            browser, flow.request(.browser, "GET \(link.prefix { $0 != "?" })", browser.get(link)))
        var answer = try await away.follow(away.get(Self.target(left, at: there.issuer)))
        if answer.status == 200 {
            let form = answer.form
            let fields = [("username", "ann"), ("password", "through-the-looking-glass")]
            flow.add(Message(.browser, .upstream, "username and password"))
            answer = try await away.follow(away.post(form.action, form.fields + fields))
        }
        return try await comeBack(answer, flow)
    }

    /// Follows the upstream's redirect to us.
    private func comeBack(_ answer: WebClient.Answer, _ flow: TracedFlow) async throws -> WebClient.Answer {
        let target = try Self.target(answer, at: here.issuer)
        flow.add(Message(.upstream, .browser, "\(answer.status) to \(target.prefix { $0 != "?" })", isAnswer: true))
        let request = flow.request(.browser, TracedFlow.describe(target), try await browser.get(target))
        return try await flow.follow(browser, request)
    }

    /// Returns the path and query of the redirect, which leads to `issuer`.
    private static func target(_ answer: WebClient.Answer, at issuer: String) throws -> String {
        let location = try #require(answer.header("location"))
        guard location.hasPrefix("\(issuer)/") else { throw Unexpected("\(location) is not at \(issuer)") }
        return String(location.dropFirst(issuer.count))
    }

    private func submit(
        _ page: WebClient.Answer, _ label: String, _ fields: [(String, String)], _ flow: TracedFlow
    ) async throws -> WebClient.Answer {
        let form = page.form
        let answer = try await browser.post(form.action, form.fields + fields)
        return try await flow.follow(browser, flow.request(.browser, "POST \(form.action): \(label)", answer))
    }

    /// Ann comes for the first time and creates an account. Returns the ID Token.
    func signIn(_ flow: TracedFlow) async throws -> String {
        var page = try await flow.follow(
            browser, flow.request(.browser, "GET /authorize", browser.get(Self.query())))
        page = try await visitUpstream(from: page, by: "/sign-in/upstream", flow)
        page = try await submit(
            page, "new account", [("username", "ann"), ("name", "Ann"), ("action", "create")], flow)
        page = try await submit(page, "consent", [("decision", "allow")], flow)
        return try await idToken(for: page)
    }

    private func idToken(for answer: WebClient.Answer) async throws -> String {
        let form = [
            ("grant_type", "authorization_code"), ("code", try #require(answer.answer["code"])),
            ("redirect_uri", Self.callback), ("code_verifier", Self.verifier), ("client_id", "shop"),
        ]
        return try #require(try json(await browser.post("/token", form).body)["id_token"] as? String)
    }

    func signOut(_ hint: String, _ flow: TracedFlow) async throws -> WebClient.Answer {
        let query = "id_token_hint=\(hint)&post_logout_redirect_uri=https%3A%2F%2Fshop.example%2F&state=bye"
        let left = try await flow.follow(
            browser, flow.request(.browser, "GET /logout with id_token_hint", browser.get("/logout?\(query)")))
        return try await comeBack(away.follow(away.get(Self.target(left, at: there.issuer))), flow)
    }

    /// A code of alice's authenticator app. The next one is valid already.
    private func code(next: Bool = false) throws -> String {
        try TOTP(secret: #require(Base32.decode("JBSWY3DPEHPK3PXP"))).code(at: Date() + (next ? 30 : 0))
    }

    /// Alice, who is signed in with password and authenticator app in a browser that she trusts, adds her account at the
    /// upstream.
    func link(_ flow: TracedFlow) async throws -> WebClient.Answer {
        var page = try await browser.follow(browser.get("/account/linked-accounts"))
        for fields in [
            [("username", "alice"), ("password", "down-the-rabbit-hole")], [("code", try code()), ("remember", "yes")],
        ] {
            let form = page.form
            page = try await browser.follow(browser.post(form.action, form.fields + fields))
        }
        page = flow.request(
            .browser, "GET /account/linked-accounts", try await browser.get("/account/linked-accounts"))
        page = try await visitUpstream(from: page, by: "/account/linked-accounts?offer", flow)
        return try await submit(page, "add", [("action", "add")], flow)
    }

    /// Alice signs in with the upstream. Then the application asks for two factors. Returns the ID Tokens.
    func stepUp(_ flow: TracedFlow) async throws -> (first: String, second: String) {
        let form = try await browser.get("/logout").form
        _ = try await browser.post(form.action, form.fields + [("decision", "sign-out")])
        var page = try await flow.follow(
            browser, flow.request(.browser, "GET /authorize", browser.get(Self.query())))
        page = try await visitUpstream(from: page, by: "/sign-in/upstream", flow)
        let first = try await idToken(for: submit(page, "consent", [("decision", "allow")], flow))
        let asked = try await browser.get(Self.query("&acr_values=urn:martlet:acr:2"))
        page = try await flow.follow(browser, flow.request(.browser, "GET /authorize with acr_values", asked))
        page = try await submit(page, "code from the authenticator app", [("code", code(next: true))], flow)
        return (first, try await idToken(for: page))
    }
}

@Suite("The diagrams in docs/sequences with an upstream match the program", .serialized)
struct UpstreamSequenceTests {
    @Test("the diagrams of a first sign-in with an upstream, and of a sign-out that continues there, are up to date")
    func flows() async throws {
        let visit = try await UpstreamVisit()
        let (first, signOut) = (visit.flow(), visit.flow())
        let hint = try await visit.signIn(first)
        let claims = try JWTClaims.of(hint)
        #expect(claims["amr"] == ["fed"] && claims["acr"] == "urn:martlet:acr:1")
        #expect(try await visit.signOut(hint, signOut).header("location") == "https://shop.example/?state=bye")
        let log = try await SequenceTests.finish(visit.here, [first, signOut])
        try await visit.there.stop()
        let diagram = first.diagram(log)
        #expect(diagram.messages.contains(Message(.martlet, .upstream, "upstream.token")))
        try SequenceTests.compare(
            diagram, "upstream-first-sign-in", title: "First sign-in with an upstream",
            text:
                "A user comes from an upstream for the first time and creates an account, which is linked to the one there."
        )
        try SequenceTests.compare(
            signOut.diagram(log), "upstream-sign-out", title: "Sign-out that continues at the upstream",
            text: "Martlet ends its session, then leads the browser to the upstream, and from there to the application."
        )
    }

    @Test(
        "the diagrams of linking an account at an upstream, and of a step-up after signing in with it, are up to date")
    func linking() async throws {
        let visit = try await UpstreamVisit()
        let (link, stepUp) = (visit.flow(), visit.flow())
        let page = try await visit.link(link)
        #expect(page.status == 200 && page.body.contains("Demo"))
        let (first, second) = try await visit.stepUp(stepUp)
        let (former, claims) = (try JWTClaims.of(first), try JWTClaims.of(second))
        #expect(former["amr"] == ["fed"] && former["acr"] == "urn:martlet:acr:1")
        #expect(claims["amr"] == ["fed", "otp", "mfa"] && claims["acr"] == "urn:martlet:acr:2")
        #expect(claims["auth_time"] == former["auth_time"] && claims["sid"] == former["sid"])
        let log = try await SequenceTests.finish(visit.here, [link, stepUp])
        try await visit.there.stop()
        let diagram = link.diagram(log)
        #expect(diagram.messages.contains(Message(.martlet, .storage, "upstream_links.add")))
        try SequenceTests.compare(
            diagram, "upstream-linking", title: "Linking an account at an upstream",
            text: "A user who is signed in adds an account at an upstream, to sign in with it from then on.")
        try SequenceTests.compare(
            stepUp.diagram(log), "upstream-step-up", title: "Sign-in with an upstream, and step-up",
            text:
                "A user signs in with a linked account. Later the application asks for two factors, so Martlet asks for one of its own."
        )
    }
}
