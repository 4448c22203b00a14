import Foundation
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("OpenID Connect Front-Channel Logout §2, §3")
struct FrontChannelLogoutTests {
    private static let secret = "rp-secret-rp-secret-rp-secret-rp-secret"

    private static func client(_ id: String, _ members: JSONObject = [:]) -> JSON {
        var client: JSONObject = [
            "client_id": .string(id), "client_secret": .string(secret), "consent": "skip",
            "redirect_uris": [.string("https://\(id).example/callback")],
            "post_logout_redirect_uris": [.string("https://\(id).example/bye")],
            "frontchannel_logout_uri": .string("https://\(id).example/logout"),
        ]
        client.merge(members)
        return .object(client)
    }

    private static func issuer(_ clients: [JSON]) async throws -> TestIssuer {
        let users: [JSON] = ["alice", "bob"].map { ["username": .string($0), "password": "correct horse"] }
        let resources: JSONObject = ["users": .array(users), "clients": .array(clients)]
        return try await TestIssuer(resources: String(decoding: resources.serialized(), as: UTF8.self))
    }

    /// Signs in at each client, and returns the ID Token of the last one.
    @discardableResult
    private func signIn(
        _ browser: Browser, at issuer: TestIssuer, _ clients: [String], as user: String = "alice"
    ) async throws -> String {
        var hint = ""
        for id in clients {
            let uri = "https://\(id).example/callback"
            let proof = Proof()
            let code = try await browser.authorize(
                [("response_type", "code"), ("client_id", id), ("redirect_uri", uri), ("scope", "openid")]
                    + proof.parameters, as: user
            ).answer().required("code")
            let tokens = try await issuer.token(
                [
                    ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", uri),
                    ("code_verifier", proof.verifier),
                ], client: id, secret: Self.secret
            ).json()
            hint = try #require(tokens["id_token"]?.string)
        }
        return hint
    }

    private func logOut(_ browser: Browser, _ parameters: [(String, String)]) async throws -> Response {
        let query = FormEncoding.encode(parameters.map { (name: $0.0, value: $0.1) })
        return try await browser.request(.get, "/logout", query: query)
    }

    private func frames(_ page: Page) -> [String] {
        guard case .list(let frames)? = page.data["frames"] else { return [] }
        return frames.compactMap { frame in
            guard case .object(let members) = frame, case .text(let uri)? = members["uri"] else { return nil }
            return uri
        }
    }

    @Test("the way back from frames or an upstream asks no other account to sign out")
    func wayBack() async throws {
        let issuer = try await Self.issuer([Self.client("a")])
        let browser = Browser(issuer)
        try await signIn(browser, at: issuer, ["a"])
        var signOut = SignOutRequest()
        for (user, template) in [("bob", "signed-out"), ("alice", "confirm-sign-out")] {
            signOut.ended = try await issuer.user(user).id
            let request = try issuer.core.sealer.seal(signOut, for: .signOut)
            #expect(try await browser.get("/logout", [("request", request)]).page().template == template)
        }
    }

    @Test(
        "OIDC-Front-Channel-Logout-002: iss and sid are both sent to a client that requires the session, else neither")
    func session() async throws {
        let issuer = try await Self.issuer([
            Self.client("a"),
            Self.client(
                "b",
                [
                    "frontchannel_logout_uri": "https://b.example/logout?keep=1&copy=2",
                    "frontchannel_logout_session_required": true,
                ]),
        ])
        let browser = Browser(issuer)
        let hint = try await signIn(browser, at: issuer, ["a", "b"])
        let sid = try #require(try JWTClaims.of(hint)["sid"]?.string)
        let response = try await logOut(
            browser,
            [("id_token_hint", hint), ("post_logout_redirect_uri", "https://b.example/bye"), ("state", "end")])
        let page = try response.page()
        let query = FormEncoding.encode([("iss", "https://id.example.com"), ("sid", sid)])
        #expect(frames(page) == ["https://a.example/logout", "https://b.example/logout?keep=1&copy=2&\(query)"])
        #expect(page.frameSources == ["https://a.example", "https://b.example"])
        #expect(response.headers[.refresh] == "5; url=https://b.example/bye?state=end")
        #expect(
            page.data["next"] == ["uri": "https://b.example/bye?state=end", "label": "text.next_back", "name": "b"])
    }

    @Test("OIDC-Front-Channel-Logout-003: the metadata says so, and each client of the session gets a frame, no other")
    func clients() async throws {
        let issuer = try await Self.issuer(
            ["a", "b", "unvisited", "off"].map { Self.client($0) })
        let metadata = try await issuer.send(.get, "/.well-known/openid-configuration").json()
        #expect(metadata["frontchannel_logout_supported"] == true)
        #expect(metadata["frontchannel_logout_session_supported"] == true)
        let (browser, other) = (Browser(issuer), Browser(issuer))
        try await signIn(other, at: issuer, ["unvisited"], as: "bob")
        try await signIn(browser, at: issuer, ["a", "b", "off"])
        let off = try #require(try await issuer.stores.clients.find(Identifier(rawValue: "off")))
        try await issuer.administration.setDisabled(true, off)
        issuer.core.clients.clear()
        let asked = try await logOut(browser, []).page()
        let page = try await browser.submitWithoutFollowing(asked, [("decision", "sign-out")]).page()
        #expect(page.template == "signing-out")
        #expect(frames(page) == ["https://a.example/logout", "https://b.example/logout"])
        // Would need a password without bob's session.
        try await signIn(other, at: issuer, ["unvisited"], as: "nobody")
    }

    @Test("without a URI to return to, the page leads to one that says that the user is signed out")
    func lastPage() async throws {
        let issuer = try await Self.issuer([Self.client("a")])
        let browser = Browser(issuer)
        let hint = try await signIn(browser, at: issuer, ["a"])
        let response = try await logOut(browser, [("id_token_hint", hint)])
        let refresh = try #require(response.headers[.refresh])
        #expect(refresh.hasPrefix("5; url=/logout?request="))
        let last = try await browser.follow(.redirect(to: String(refresh.dropFirst("5; url=".count)))).page()
        #expect(last.template == "signed-out" && frames(last).isEmpty && last.frameSources.isEmpty)
    }

    @Test("signing one account out in the account chooser loads its frames, and leads back to the chooser")
    func chooser() async throws {
        let issuer = try await Self.issuer([Self.client("a"), Self.client("b")])
        let (browser, other) = (Browser(issuer), Browser(issuer))
        let hint = try await signIn(browser, at: issuer, ["a"])
        let foreign = try await signIn(other, at: issuer, ["b"], as: "bob")
        let page = try await browser.get("/account/switch").page()
        for (hint, expected) in [(foreign, []), (hint, ["https://a.example/logout"]), (hint, [])] {
            let sid = try #require(try JWTClaims.of(hint)["sid"]?.string)
            let response = try await browser.copy().submitWithoutFollowing(page, [("sign_out", sid)])
            let shown = try? response.page()
            #expect(shown.map(frames) ?? [] == expected)
            let refresh = response.headers[.refresh].map { $0.hasPrefix("5; url=/select-account?interaction=") }
            #expect(refresh == (expected.isEmpty ? nil : true))
        }
    }

    @Test("a repeated or forged request loads no frames of anybody's session")
    func replay() async throws {
        let issuer = try await Self.issuer([Self.client("a"), Self.client("b")])
        let (browser, victim) = (Browser(issuer), Browser(issuer))
        let hint = try await signIn(browser, at: issuer, ["a"])
        let foreign = try await signIn(victim, at: issuer, ["b"], as: "bob")
        // The hint of another session is a reason to ask, and says nothing about that session.
        let asked = try await logOut(browser, [("id_token_hint", foreign)]).page()
        #expect(asked.template == "confirm-sign-out" && frames(asked).isEmpty)
        let page = try await browser.submitWithoutFollowing(asked, [("decision", "sign-out")]).page()
        #expect(frames(page) == ["https://a.example/logout"])
        for parameters in [
            [("id_token_hint", hint)], [("id_token_hint", foreign)], [("request", asked.text("request"))],
        ] {
            let again = try await logOut(browser, parameters).page()
            #expect(again.template == "signed-out" && frames(again).isEmpty)
        }
        // Someone without cookies, such as another site that sends a form.
        let posted = try await Browser(issuer).request(.post, "/logout", form: [("id_token_hint", foreign)])
        #expect(try await frames(Browser(issuer).follow(posted).page()).isEmpty)
        // Would need a password without bob's session.
        try await signIn(victim, at: issuer, ["b"], as: "nobody")
    }

    @Test("of many sign-outs at once, one loads the frames")
    func race() async throws {
        let issuer = try await Self.issuer([Self.client("a")])
        let browser = Browser(issuer)
        let hint = try await signIn(browser, at: issuer, ["a"])
        let query = FormEncoding.encode([("id_token_hint", hint)])
        let cookies = browser.cookieHeader
        let loading = try await withThrowingTaskGroup(of: Bool.self) { tasks in
            for _ in 0..<16 {
                tasks.addTask {
                    let response = try await issuer.send(
                        .get, "/logout", query: query, headers: [.cookie: cookies])
                    return try !response.page().frameSources.isEmpty
                }
            }
            return try await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(loading == 1)
    }

    @Test("a page has at most 20 frames, and the audit log says which clients were not told")
    func many() async throws {
        let ids = (0..<23).map { "rp-\($0 / 10)\($0 % 10)" }
        let issuer = try await Self.issuer(ids.map { Self.client($0) })
        let browser = Browser(issuer)
        let hint = try await signIn(browser, at: issuer, ids)
        let page = try await logOut(browser, [("id_token_hint", hint)]).page()
        #expect(frames(page) == ids.prefix(20).map { "https://\($0).example/logout" })
        #expect(page.frameSources.count == 20)
        let told = AuditExplanation.sentences(of: try await issuer.records("signed_out"))
        #expect(told.contains { $0.contains("these were not told: rp-20, rp-21, rp-22.") }, "\(told)")
    }

    @Test("the frames come before the upstream's turn, and with the note that it can't be reached")
    func upstream() async throws {
        for isDown in [false, true] {
            let scene = try await MartletAtMartlet()
            var web = try #require(try await scene.here.stores.clients.find(Identifier(rawValue: "web"))).metadata
            web["frontchannel_logout_uri"] = "https://shop.example/logout"
            web["client_secret"] = "web-secret-web-secret-web-secret-1"
            _ = try await scene.here.administration.apply(ResourceSet(["clients": [.object(web)]]))
            try await scene.link()
            let visitor = MartletVisitor(scene)
            let hint = try await visitor.hint()
            scene.network.setDown(isDown)
            let response = try await logOut(
                visitor.here, [("id_token_hint", hint), ("post_logout_redirect_uri", "https://shop.example/")])
            let page = try response.page()
            #expect(frames(page) == ["https://shop.example/logout"])
            #expect(page.frameSources == ["https://shop.example"])
            guard !isDown else {
                #expect(page.template == "signed-out" && response.headers[.refresh] == nil)
                #expect(page.data["upstream"] == ["name": "Demo Upstream", "lead": "text.signed_out_unreachable"])
                continue
            }
            #expect(page.template == "signing-out")
            let refresh = try #require(response.headers[.refresh])
            #expect(refresh.hasPrefix("5; url=https://login.example.org/logout?"))
            let end = try await visitor.follow(.redirect(to: String(refresh.dropFirst("5; url=".count))))
            #expect(end.headers[.location] == "https://shop.example/")
            #expect(try await !visitor.isSignedInThere())
        }
    }

    @Test(
        "OIDC-Front-Channel-Logout-001: frontchannel_logout_uri has the origin of a redirect URI, and no fragment",
        arguments: [
            ("https://a.example/logout", nil), ("https://A.example:443/logout?x=1&y=2", nil),
            ("https://a.example:8443/logout", "must have the scheme, host and port"),
            ("http://a.example/logout", "must be https"), ("https://b.example/", "must have the scheme, host and port"),
            ("https://a.example.evil.example/", "must have the scheme, host and port"),
            ("https://a.example@evil.example/", "must not contain a user"),
            ("https://a.example/#x", "must be an absolute URI"), ("/logout", "must be an absolute URI"),
            ("javascript:alert(1)", "must use https"), ("data:text/html,x", "must use https"),
            ("com.example.app:/logout", "must be an https URL"), ("https://a.example/ x", "must be an absolute URI"),
            ("https://a.example;script-src/", "must have the scheme, host and port"),
            ("http://127.0.0.1:8081/logout", "must have the scheme, host and port"),
            ("http://127.0.0.1:8080/logout", nil),
        ] as [(String, String?)])
    func registration(_ uri: String, _ problem: String?) throws {
        let document: JSONObject = [
            "client_id": "a",
            "redirect_uris": [
                "https://a.example/callback", "com.example.app:/callback", "http://127.0.0.1:8080/callback",
            ], "frontchannel_logout_uri": .string(uri),
        ]
        guard let problem else {
            #expect(try Client(document).logoutRules.frontChannelURI == uri)
            return
        }
        let error = #expect(throws: InvalidDocument.self) { try Client(document) }
        #expect(error?.problems.map(\.member) == ["frontchannel_logout_uri"])
        #expect(error?.problems.first?.reason.hasPrefix(problem) == true, "\(String(describing: error))")
    }

    @Test("what a frame starts with leads to the URI and nowhere else")
    func start() throws {
        let uri = "https://a.example/logout?a=1&copy=2;url='x'"
        let page = try Response.page(Page("signing-out")).loading(LogoutFrames(uris: [uri])).page()
        guard case .list(let frames)? = page.data["frames"], case .object(let frame)? = frames.first else {
            throw Unexpected("no frames")
        }
        let start = "<meta http-equiv=\"refresh\" content=\"1; url=https://a.example/logout?a=1&amp;copy=2;url='x'\">"
        #expect(frame["start"] == .text(start))
    }
}

extension HTTPField.Name {
    fileprivate static let refresh = HTTPField.Name("Refresh")!
}
