import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("The account chooser (OpenID Connect Core §3.1.2.1)")
struct AccountChooserTests {
    @Test("OIDC-Core-017: prompt=select_account offers the signed-in accounts, and a choice needs no password")
    func select() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        let page = try await shared.chooser()
        #expect(page.usernames == ["eve", "dan"])
        #expect(page.accounts.map(\.isCurrent) == [true, false])
        #expect(page.text("client", "name") == "Web shop")
        #expect(try await shared.person(in: shared.choose("dan", on: page)) == "dan")
        // It asks each time, and the account used last comes first.
        let again = try await shared.chooser()
        #expect(again.usernames == ["dan", "eve"])
        #expect(try await shared.person(in: shared.choose("dan", on: again)) == "dan")
    }

    @Test("with one account, or none, prompt=select_account lets the user sign in with another")
    func few() async throws {
        let shared = try await SharedBrowser(["dan"])
        #expect(try await shared.chooser().usernames == ["dan"])
        let empty = shared.another()
        let signIn = try await empty.authorize([("prompt", "select_account")]).page()
        #expect(signIn.template == "sign-in")
        // Signing in counts as choosing.
        #expect(try await empty.person(in: empty.browser.submit(signIn, SharedBrowser.credentials("dan"))) == "dan")
    }

    @Test("the chosen account becomes the current one, and the choice is in the audit log")
    func current() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        #expect(try await shared.current() == "eve")
        _ = try await shared.choose("dan", on: shared.chooser())
        #expect(try await shared.current() == "dan")
        let record = try #require(try await shared.issuer.recorded().last { $0.event == "account_chosen" })
        #expect(record.session == (try await shared.session(of: "dan"))?.id.rawValue)
        #expect(record.client == "web" && record.outcome == .success)
        // From the account page, which needs no client.
        let page = try await shared.browser.get("/account/switch").page()
        let account = try await shared.choose("eve", on: page).page()
        #expect(account.template == "account" && account.text("user", "username") == "eve")
    }

    @Test("Use another account keeps those signed in; signing in as someone else without it ends the current session")
    func another() async throws {
        let shared = try await SharedBrowser(["dan", "eve", "fay"])
        let signIn = try await shared.browser.submit(shared.chooser(), [("other", "yes")]).page()
        #expect(signIn.text("accounts_uri").contains("/select-account?"))
        #expect(
            try await shared.person(
                in: shared.browser.submit(signIn, [("username", "alice"), ("password", "correct horse")])) == "alice")
        #expect(try await shared.chooser().usernames == ["alice", "fay", "eve", "dan"])

        shared.issuer.clock.advance(by: 1)
        let login = try await shared.authorize([("prompt", "login")]).page()
        // Already in the browser: the session continues, and nobody is signed out.
        let eve = try await shared.session(of: "eve")?.id
        #expect(try await shared.person(in: shared.browser.submit(login, SharedBrowser.credentials("eve"))) == "eve")
        #expect(try await shared.session(of: "eve")?.id == eve)
        #expect(try await shared.chooser().usernames == ["eve", "alice", "fay", "dan"])

        try await shared.issuer.apply(#"{"users": [{"username": "gus", "password": "gus likes tea"}]}"#)
        shared.issuer.clock.advance(by: 1)
        let over = try await shared.authorize([("prompt", "login")]).page()
        _ = try await shared.browser.submit(over, SharedBrowser.credentials("gus"))
        #expect(try await shared.session(of: "eve") == nil)
        #expect(try await shared.chooser().usernames == ["gus", "alice", "fay", "dan"])
    }

    @Test("the second factor of an added account is asked for, although someone else is signed in")
    func secondFactor() async throws {
        let shared = try await SharedBrowser(["dan"])
        for start in ["/account/switch", "/authorize"] {
            let request =
                start == "/authorize" ? Browser.webRequest(scope: "openid", [("prompt", "select_account")]) : []
            let chooser = try await shared.browser.get(start, request).page()
            let signIn = try await shared.browser.submit(chooser, [("other", "yes")]).page()
            let factor = try await shared.browser.submit(signIn, [("username", "bob"), ("password", "battery staple")])
            #expect(try factor.page().template == "second-factor")
            #expect(try await shared.current() == "dan")
            // The user changes their mind.
            let back = try await shared.browser.follow(.redirect(to: signIn.text("accounts_uri"))).page()
            #expect(back.usernames == ["dan"])
            let next = try await shared.choose("dan", on: back).page()
            #expect(next.template == (start == "/authorize" ? "consent" : "account"))
            #expect(next.text("user", "username") == "dan")
        }
    }

    @Test("each session keeps its level: what a request demands, the chosen account shows, and the others stay")
    func level() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        try await shared.issuer.enroll("dan", secret: "JBSWY3DPEHPK3PXPJBSWY3DQ")
        let eve = try #require(try await shared.session(of: "eve"))
        // Only dan has a second factor.
        let strong = [("prompt", "select_account"), ("acr_values", "urn:martlet:acr:2")]
        let factor = try await shared.choose("dan", on: shared.chooser(strong)).page()
        #expect(factor.template == "second-factor")
        let code = [("code", try shared.issuer.code("JBSWY3DPEHPK3PXPJBSWY3DQ"))]
        let claims = try await shared.claims(in: shared.browser.submit(factor, code))
        #expect(claims["acr"] == "urn:martlet:acr:2")
        #expect(try await shared.session(of: "eve") == eve)
        let weak = try await shared.claims(in: shared.choose("eve", on: shared.chooser()))
        #expect(weak["acr"] == "urn:martlet:acr:1" && weak["sid"]?.string == eve.id.rawValue)

        shared.issuer.clock.advance(by: 90)
        for demand in [[("prompt", "select_account login")], [("prompt", "select_account"), ("max_age", "60")]] {
            let signIn = try await shared.choose("eve", on: shared.chooser(demand)).page()
            #expect(signIn.template == "sign-in" && signIn.text("username") == "eve")
            let fresh = try await shared.claims(in: shared.browser.submit(signIn, SharedBrowser.credentials("eve")))
            #expect(fresh["auth_time"]?.integer == Int(shared.issuer.clock.now.timeIntervalSince1970))
            #expect(fresh["sid"]?.string == eve.id.rawValue)
            shared.issuer.clock.advance(by: 90)
        }
        #expect(try await shared.chooser().usernames == ["eve", "dan"])
    }

    @Test("a step-up of an account that isn't current makes it current and leaves the others")
    func stepUpOfAnother() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        try await shared.issuer.enroll("dan")
        let dan = try #require(try await shared.session(of: "dan"))
        let page = try await shared.authorize([("login_hint", "dan"), ("acr_values", "urn:martlet:acr:2")]).page()
        #expect(page.template == "second-factor")
        #expect(try await shared.current() == "eve")
        let claims = try await shared.claims(in: shared.browser.submit(page, [("code", try shared.issuer.code())]))
        #expect(claims["sid"]?.string == dan.id.rawValue && claims["acr"] == "urn:martlet:acr:2")
        #expect(try await shared.chooser().usernames == ["dan", "eve"])
        // The former secret of the session is worth nothing.
        #expect(try await shared.issuer.stores.sessions.find(dan.secret, at: shared.issuer.clock.now) == nil)
    }

    @Test("consent of one account doesn't count for another")
    func consent() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        #expect(try await shared.person(in: shared.choose("eve", on: shared.chooser())) == "eve")
        let consent = try await shared.choose("dan", on: shared.chooser()).page()
        #expect(consent.template == "consent" && consent.text("user", "username") == "dan")
        // The page leads back to the chooser.
        let chooser = try await shared.browser.follow(.redirect(to: consent.text("switch_account_uri"))).page()
        #expect(chooser.usernames == ["dan", "eve"])
        #expect(try await shared.choose("eve", on: chooser).answer()["code"] != nil)
        // What dan was shown can't be answered by eve.
        #expect(try await shared.browser.submit(consent, [("decision", "allow")]).status == .forbidden)
        let dan = try #require(try await shared.issuer.stores.users.find(named: "dan"))
        #expect(try await shared.issuer.stores.consents.find(user: dan.id, client: Identifier(rawValue: "web")) == nil)
    }

    @Test("a choice forgets what another account consented to in the same request")
    func forgottenConsent() {
        var interaction = Interaction(.signIn(SignInRequest(location: "/account")), startedAt: Date())
        interaction.consented = ["orders.read"]
        interaction.consentsToDetails = true
        for next in [interaction.choosing(Identifier(rawValue: "s")), interaction.addingAccount()] {
            #expect(next.consented.isEmpty && next.consentsToDetails == nil)
        }
    }

    @Test("signing one account out keeps the others; after the last one, the sign-in page follows")
    func signOut() async throws {
        let shared = try await SharedBrowser(["dan", "eve", "fay"])
        var page = try await shared.signOut("eve", on: shared.chooser()).page()
        #expect(page.usernames == ["fay", "dan"])
        #expect(try await shared.session(of: "eve") == nil)
        #expect(try await shared.current() == "fay")
        page = try await shared.signOut("fay", on: page).page()
        #expect(page.usernames == ["dan"] && !page.accounts[0].isCurrent)
        #expect(try await shared.current() == nil)
        page = try await shared.signOut("dan", on: page).page()
        #expect(page.template == "sign-in")
        #expect(shared.browser.cookie("accounts") == nil && shared.browser.cookie("session") == nil)
        #expect(try await shared.issuer.recorded().count { $0.event == "signed_out" } == 3)
    }

    @Test("the chooser's form needs the token of its browser and session, and comes from the issuer's own page")
    func forgery() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        let page = try await shared.chooser()
        let interaction = ("interaction", page.text("interaction"))
        let dan = try shared.id(of: "dan", on: page)
        for field in [("account", dan), ("sign_out", dan), ("other", "yes")] {
            let bare = try await shared.browser.request(.post, "/select-account", form: [interaction, field])
            #expect(bare.status == .forbidden)
            let token = ("form_token", page.text("form_token"))
            let foreign = try await shared.browser.request(
                .post, "/select-account", form: [interaction, token, field], headers: [.origin: "https://evil.example"])
            #expect(foreign.status == .forbidden)
        }
        #expect(try await shared.chooser().usernames == ["eve", "dan"])
    }

    @Test("a session that has ended, is another browser's, or was never one is not chosen")
    func foreign() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        let other = shared.another()
        try await other.add("dan")
        let theirs = try await other.chooser().accounts[0].id
        for id in [theirs, "made-up"] {
            let page = try await shared.browser.submit(shared.chooser(), [("account", id)]).page()
            #expect(page.template == "select-account")
            _ = try await shared.browser.submit(shared.chooser(), [("sign_out", id)])
        }
        #expect(try await other.current() == "dan")
        let page = try await shared.chooser()
        try await SessionEnd(shared.issuer.core).end(
            Identifier(rawValue: try shared.id(of: "dan", on: page)), because: .administrator)
        let again = try await shared.choose("dan", on: page).page()
        #expect(again.template == "select-account" && again.usernames == ["eve"])
    }

    @Test("if the chosen account is signed out before the response, no other account answers in its place")
    func endedInBetween() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        for name in ["dan", "eve"] { _ = try await shared.person(in: shared.choose(name, on: shared.chooser())) }
        let page = try await shared.chooser()
        let form = [
            ("form_token", page.text("form_token")), ("interaction", page.text("interaction")),
            ("account", try shared.id(of: "dan", on: page)),
        ]
        let chosen = try await shared.browser.request(.post, "/select-account", form: form)
        let dan = try #require(try await shared.session(of: "dan"))
        try await SessionEnd(shared.issuer.core).end(dan.id, because: .administrator)
        let next = try await shared.browser.follow(chosen).page()
        #expect(next.template == "select-account" && next.usernames == ["eve"])
    }

    @Test("in two tabs, each request is answered for the account chosen in its own tab")
    func tabs() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        let (one, two) = (try await shared.chooser(), try await shared.chooser())
        let first = try await shared.choose("dan", on: one).page()
        #expect(first.template == "consent" && first.text("user", "username") == "dan")
        // The other tab's form belongs to the former session. Its page offers to start over.
        let refused = try await shared.choose("eve", on: two)
        #expect(refused.status == .forbidden)
        let restarted = try await shared.browser.follow(.redirect(to: refused.page().text("next", "uri"))).page()
        #expect(restarted.usernames == ["dan", "eve"])
        let second = try await shared.choose("eve", on: restarted).page()
        #expect(second.text("user", "username") == "eve")
        #expect(try await shared.current() == "eve")
        // The first tab's request is still dan's.
        let back = try await shared.browser.get("/authorize", [("interaction", first.text("interaction"))]).page()
        #expect(back.template == "consent" && back.text("user", "username") == "dan")
        #expect(try await shared.person(in: .page(back)) == "dan")
        #expect(try await shared.person(in: .page(second)) == "eve")
    }

    @Test("of concurrent choices and a sign-out, none leaves the ended account signed in")
    func race() async throws {
        let shared = try await SharedBrowser(["dan", "eve", "fay"])
        let page = try await shared.chooser()
        let fields = [("form_token", page.text("form_token")), ("interaction", page.text("interaction"))]
        let dan = try shared.id(of: "dan", on: page)
        let responses = try await TestSupport.race(12) { number in
            let tab = shared.browser.copy()
            let field = number == 5 ? ("sign_out", dan) : ("account", dan)
            let response = try await tab.request(.post, "/select-account", form: fields + [field])
            return (tab, response)
        }
        #expect(try await shared.session(of: "dan") == nil)
        for (tab, _) in responses {
            let account = try await tab.get("/account").page()
            #expect(account.text("user", "username") != "dan")
        }
    }
}
