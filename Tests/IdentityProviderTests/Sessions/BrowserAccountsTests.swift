import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("The sessions of several people in one browser")
struct BrowserAccountsTests {
    @Test("the other sessions are in a cookie of this host, hidden from scripts, that ends with the last of them")
    func cookie() async throws {
        let shared = try await SharedBrowser(["dan"])
        #expect(shared.browser.cookie("accounts") == nil)
        var page = try await shared.browser.get("/account/switch").page()
        page = try await shared.browser.submit(page, [("other", "yes")]).page()
        shared.issuer.clock.advance(by: 600)
        let response = try await shared.browser.submitWithoutFollowing(
            page, [("username", "alice"), ("password", "correct horse")])
        let field = try #require(response.headers[values: .setCookie].first { $0.contains("martlet-accounts=") })
        #expect(field.hasPrefix("__Host-martlet-accounts="))
        #expect(field.hasSuffix("; Path=/; HttpOnly; SameSite=Lax; Max-Age=\(12 * 3_600 - 601); Secure"))
    }

    @Test("the ninth account ends the one that was used least recently, with what it granted")
    func ninth() async throws {
        let names = (1...8).map { "user\($0)" }
        let shared = try await SharedBrowser(names)
        #expect(try await shared.chooser().usernames == names.reversed())
        // The first account is used again, so the second one is the next to go.
        _ = try await shared.choose("user1", on: shared.chooser())
        try await shared.issuer.apply(#"{"users": [{"username": "user9", "password": "user9 likes tea"}]}"#)
        try await shared.add("user9")
        #expect(
            try await shared.chooser().usernames
                == ["user9", "user1", "user8", "user7", "user6", "user5", "user4", "user3"])
        #expect(try await shared.session(of: "user2") == nil)
        #expect(try await shared.session(of: "user1") != nil)
    }

    @Test("sessions that ended, expired or idled out, and those of disabled users, drop out silently")
    func gone() async throws {
        let shared = try await SharedBrowser(["dan", "eve", "fay", "gus"]) { $0.lifetimes.sessionIdle = 600 }
        let dan = try #require(try await shared.issuer.stores.users.find(named: "dan"))
        try await shared.issuer.administration.setDisabled(true, dan)
        #expect(try await shared.chooser().usernames == ["gus", "fay", "eve"])
        let eve = try #require(try await shared.session(of: "eve"))
        try await SessionEnd(shared.issuer.core).end(eve.id, because: .signOutEverywhere)
        #expect(try await shared.chooser().usernames == ["gus", "fay"])
        // Looking at the accounts doesn't keep them.
        for _ in 0..<3 {
            shared.issuer.clock.advance(by: 250)
            _ = try await shared.chooser()
        }
        #expect(try await shared.chooser().usernames == ["gus"])
        // The next change of the cookie leaves them out.
        try await shared.issuer.apply(#"{"users": [{"username": "hal", "password": "hal likes tea"}]}"#)
        try await shared.add("hal")
        #expect(shared.browser.cookie("accounts")?.utf8.count == 43)
        shared.issuer.clock.advance(by: 13 * 3_600)
        #expect(try await shared.authorize([("prompt", "select_account")]).page().template == "sign-in")
    }

    @Test("planted, repeated and malformed secrets are harmless, and at most seven are looked up")
    func planted() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        let name = "__Host-martlet-accounts"
        let (own, other) = (
            try #require(shared.browser.cookie("session")), try #require(shared.browser.cookie("accounts"))
        )
        let secret = { Base64URL.encode(RandomBytes.make(32)) }
        for (value, expected) in [
            ("\(own).\(other).\(other).\(own)", ["eve", "dan"]), ("....", ["eve"]), ("é.\(other)", ["eve", "dan"]),
            (String(repeating: "x", count: 9_000), ["eve"]),
            ((0..<7).map { _ in secret() }.joined(separator: ".") + ".\(other)", ["eve"]),
            ("\(other.dropLast()).\(other)x", ["eve"]),
        ] {
            let visitor = shared.browser.copy()
            visitor.add(cookie: "\(name)=\(value)")
            let page = try await visitor.get("/authorize", Browser.webRequest([("prompt", "select_account")])).page()
            #expect(page.usernames == expected, "\(value.prefix(60))")
        }
    }

    @Test(
        "a session of an attacker that was planted is ended by nobody's sign-in, and its secret opens no other session")
    func fixation() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        let attacker = shared.another()
        try await attacker.add("dan")
        let planted = try #require(attacker.browser.cookie("session"))
        let victim = shared.another()
        victim.browser.add(cookie: "__Host-martlet-accounts=\(planted)")
        // It is shown as what it is, and never becomes current by itself.
        #expect(try await victim.current() == nil)
        let page = try await victim.browser.get("/account").page()
        #expect(page.usernames == ["dan"] && !page.accounts[0].isCurrent)
        let signIn = try await victim.browser.submit(page, [("other", "yes")]).page()
        _ = try await victim.browser.submit(signIn, SharedBrowser.credentials("eve"))
        #expect(try await victim.current() == "eve")
        #expect(victim.browser.cookie("session") != planted)
        // A sign-in as the same user renews the secret, so that the planted one is worth nothing.
        try await victim.add("dan")
        #expect(try await attacker.current() == nil)
        #expect(try await victim.current() == "dan")
    }

    @Test("a choice in a browser that has only the cookie of the others makes nobody else's session current")
    func stolen() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        let thief = shared.another()
        thief.browser.add(cookie: "__Host-martlet-accounts=\(try #require(shared.browser.cookie("accounts")))")
        let page = try await thief.browser.get("/account").page()
        #expect(page.usernames == ["dan"])
        let eve = try #require(try await shared.session(of: "eve")).id.rawValue
        let refused = try await thief.browser.submit(page, [("account", eve)]).page()
        #expect(refused.usernames == ["dan"])
        #expect(try await thief.current() == nil)
    }

    @Test("signing out everywhere concerns one user; the others of the browser remain")
    func everywhere() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        let page = try await shared.browser.get("/account").page()
        let form = [("form_token", page.text("form_token")), ("everywhere", "yes")]
        let next = try await shared.browser.follow(shared.browser.request(.post, "/account/sessions", form: form))
        #expect(try next.page().usernames == ["dan"])
        #expect(try await shared.session(of: "eve") == nil)
        #expect(try await shared.session(of: "dan") != nil)
    }

    @Test("after signing out of the current account, the others are offered where an account is needed")
    func here() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        let page = try await shared.browser.get("/account").page()
        let form = [("form_token", page.text("form_token")), ("here", "yes")]
        let out = try await shared.browser.request(.post, "/account/sessions", form: form)
        #expect(try out.page().template == "signed-out")
        #expect(try await shared.session(of: "eve") == nil)
        let chooser = try await shared.chooser([])
        #expect(chooser.usernames == ["dan"])
        #expect(try await shared.person(in: shared.choose("dan", on: chooser)) == "dan")
        #expect(try await shared.current() == "dan")
    }

    @Test("a client's sign-out ends the session that its hint names, and asks before it ends another")
    func requested() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        let chosen = try await shared.choose("dan", on: shared.chooser()).page()
        let code = try await shared.browser.submit(chosen, [("decision", "allow")]).answer().required("code")
        let hint = try #require(try await shared.issuer.redeem(code).json()["id_token"]?.string)
        _ = try await shared.choose("eve", on: shared.browser.get("/account/switch").page())
        let request = [("id_token_hint", hint), ("post_logout_redirect_uri", "https://shop.example/")]
        let response = try await shared.browser.get("/logout", request)
        #expect(response.headers[.location] == "https://shop.example/")
        #expect(try await shared.session(of: "dan") == nil)
        #expect(try await shared.current() == "eve")
        #expect(shared.browser.cookie("accounts") == nil)
        // The hint's session is over, so eve is asked.
        #expect(try await shared.browser.get("/logout", request).page().template == "confirm-sign-out")
        #expect(try await shared.session(of: "eve") != nil)
    }
}
