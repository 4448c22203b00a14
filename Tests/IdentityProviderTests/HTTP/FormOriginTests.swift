import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("Forms are bound to origin, browser and session (RFC 6749 §10.12; Fetch Metadata)")
struct FormOriginTests {
    private func signIn(_ browser: Browser, _ path: String = "/account", as name: String = "alice") async throws -> Page
    {
        let page = try await browser.get(path).page()
        return try await browser.submit(page, [("username", name), ("password", "correct horse")]).page()
    }

    private func isUnharmed(_ issuer: TestIssuer) async throws -> Bool {
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        return try await issuer.stores.recoveryCodes.count(of: alice.id) == 0
    }

    /// Overwrites the browser's own cookie, as a sibling origin can if `__Host-` doesn't prevent it.
    private func plant(_ name: String, of thief: Browser, in owner: Browser, _ issuer: TestIssuer) throws {
        let prefix = issuer.issuer.path.isEmpty ? "__Host-" : "__Secure-"
        owner.add(cookie: "\(prefix)martlet-\(name)=\(try #require(thief.cookie(name)))")
    }

    @Test(
        "a planted browser cookie doesn't validate a form in an existing session",
        arguments: ["https://id.example.com", "https://example.com/id"], [true, false])
    func planted(_ identifier: String, isSignedIn: Bool) async throws {
        let issuer = try await TestIssuer(identifier)
        try await issuer.apply(#"{"users": [{"username": "eve", "password": "correct horse"}]}"#)
        let (owner, thief) = (Browser(issuer), Browser(issuer))
        _ = try await signIn(owner)
        let theirs =
            isSignedIn ? try await signIn(thief, as: "eve") : try await thief.get("/account").page()
        try plant("browser", of: thief, in: owner, issuer)
        let form = [("form_token", theirs.text("form_token"))]
        #expect(try await owner.request(.post, "/account/recovery-codes", form: form).status == .forbidden)
        #expect(
            try await owner.request(.post, "/account/sessions", form: form + [("everywhere", "yes")]).status
                == .forbidden)
        #expect(try await isUnharmed(issuer))
        #expect(try await owner.get("/account").page().template == "account")
    }

    @Test("a browser cookie planted before the sign-in is useless afterward")
    func plantedBefore() async throws {
        let issuer = try await TestIssuer()
        let (owner, thief) = (Browser(issuer), Browser(issuer))
        let theirs = try await thief.get("/account").page()
        try plant("browser", of: thief, in: owner, issuer)
        #expect(try await signIn(owner).template == "account")
        #expect(owner.cookie("browser") != thief.cookie("browser"))
        // Interactions of the planted cookie don't continue either.
        let interaction = [("interaction", theirs.text("interaction"))]
        #expect(try await owner.get("/sign-in", interaction).status == .gone)
        let form = [("form_token", theirs.text("form_token"))]
        #expect(try await owner.request(.post, "/account/recovery-codes", form: form).status == .forbidden)
        #expect(try await isUnharmed(issuer))
    }

    @Test("each sign-in renews the browser cookie and sign-out deletes it, without interrupting the flow")
    func renewal() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        var names: [String?] = []
        let signIn = try await browser.get("/authorize", Browser.webRequest()).page()
        names.append(browser.cookie("browser"))
        let consent = try await browser.submit(signIn, [("username", "alice"), ("password", "correct horse")]).page()
        #expect(consent.template == "consent")
        names.append(browser.cookie("browser"))
        #expect(try await browser.submit(consent, [("decision", "allow")]).answer()["code"] != nil)
        issuer.clock.advance(by: 1)
        _ = try await browser.code([("prompt", "login")])
        names.append(browser.cookie("browser"))
        #expect(names.allSatisfy { $0?.utf8.count == 43 } && Set(names).count == 3)
        let page = try await browser.get("/logout").page()
        #expect(try await browser.submit(page, [("decision", "sign-out")]).page().template == "signed-out")
        #expect(browser.cookie("browser") == nil && browser.cookie("session") == nil)
    }

    @Test(
        "a form is accepted only from this origin, as far as the browser reveals it",
        arguments: [
            (nil, nil, true), ("https://id.example.com", nil, true), ("https://id.example.com", "same-origin", true),
            (nil, "same-origin", true), (nil, "none", true), ("https://id.example.com", "none", true),
            // Pages of earlier versions hid their origin.
            ("null", "same-origin", true),
            ("null", nil, false), ("null", "same-site", false), ("null", "cross-site", false), ("null", "none", false),
            ("https://blog.example.com", nil, false), ("https://blog.example.com", "same-site", false),
            ("https://example.com", "same-site", false), (nil, "same-site", false), (nil, "cross-site", false),
            ("https://id.example.com", "same-site", false), ("https://id.example.com", "cross-site", false),
            ("https://evil.example", "cross-site", false), ("https://evil.example", "same-origin", false),
            ("http://id.example.com", nil, false), ("https://id.example.com:8443", nil, false),
            ("https://id.example.com.evil.example", nil, false), ("", nil, false), (nil, "", false),
            (nil, "same-origin, cross-site", false), ("https://id.example.com, https://evil.example", nil, false),
        ] as [(String?, String?, Bool)])
    func origin(_ origin: String?, _ site: String?, isTaken: Bool) async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await signIn(browser, "/account/recovery-codes")
        var headers: HTTPFields = [:]
        headers[.origin] = origin
        headers[.site] = site
        let response = try await browser.request(
            .post, "/account/recovery-codes", form: [("form_token", page.text("form_token"))], headers: headers)
        #expect(response.status == (isTaken ? .ok : .forbidden))
        #expect(try await isUnharmed(issuer) == !isTaken)
    }

    /// Endpoints for programs, or that only redirect to a `GET`, which carries the browser's cookies anyway.
    private static let others: Set = [
        "/token", "/introspect", "/revoke", "/userinfo", "/authorize", "/logout", "/upstream/{upstream}/callback",
        "/upstream/{upstream}/backchannel-logout", "/par", "/device_authorization",
    ]

    @Test("no page accepts a form from a sibling origin, even with a valid token")
    func everyForm() async throws {
        let issuer = try await TestIssuer(mailbox: TestMailbox(), signUp: .open)
        let browser = Browser(issuer)
        let token = try await signIn(browser).text("form_token")
        let paths = issuer.provider.endpoints.flatMap(\.routes).filter { $0.method == .post }.map(\.path.text)
            .filter { !Self.others.contains($0) && !$0.hasPrefix("/api/") && !$0.hasPrefix("/ssf/") }
        #expect(paths.count > 20)
        for path in paths {
            for headers: HTTPFields in [[.origin: "https://blog.example.com"], [.site: "same-site"]] {
                let response = try await browser.request(
                    .post, path, form: [("form_token", token)], headers: headers)
                #expect(response.status == .forbidden, "\(path)")
                #expect(
                    try response.page().text("description") == "the request was sent from another origin", "\(path)")
            }
        }
    }

    @Test(
        "the JSON API doesn't set, use or clear its cookies for a request from another origin",
        arguments: ["login", "refresh", "logout"])
    func tokenCookies(_ operation: String) async throws {
        let front = try await FrontEnd()
        let body = operation == "login" ? FrontEnd.alice + #","transport":"cookie""# : ""
        let signedIn = try await front.post("login", FrontEnd.alice + #","transport":"cookie""#)
        var headers: HTTPFields = [:]
        if operation != "login" {
            headers[.cookie] = signedIn.cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
            headers[.token] = try signedIn.json()["csrf_token"]?.string
        }
        for origin in ["https://blog.example.com", "null"] {
            headers[.origin] = origin
            let refused = try await front.post(operation, body, headers)
            #expect(refused.problem == "forgery_protection")
            #expect(refused.cookies.isEmpty)
        }
        headers[.origin] = "https://id.example.com"
        #expect(try await front.post(operation, body, headers).cookies.count == 2)
    }
}

extension HTTPField.Name {
    fileprivate static let site = HTTPField.Name("Sec-Fetch-Site")!
    fileprivate static let token = HTTPField.Name("X-CSRF-Token")!
}
