import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Hints choose among the accounts of the browser (OpenID Connect Core §3.1.2.1, §5.5.1)")
struct AccountHintTests {
    enum Hint: CaseIterable {
        case username, email, token, claim
    }

    /// The parameters that name a user who may be signed in elsewhere only.
    private func parameters(_ hint: Hint, of name: String, _ shared: SharedBrowser) async throws -> [(String, String)] {
        switch hint {
        case .username: return [("login_hint", name.uppercased())]
        case .email: return [("login_hint", "\(name)@tea.example")]
        case .token:
            let own = shared.another()
            let signIn = try await own.authorize(client: "own").page()
            let code = try await own.browser.submit(signIn, SharedBrowser.credentials(name)).answer().required("code")
            let form = [
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "https://own.example/callback"),
            ]
            let tokens = try await shared.issuer.token(form, client: "own").json()
            return [("id_token_hint", try #require(tokens["id_token"]?.string))]
        case .claim:
            let user = try #require(try await shared.issuer.stores.users.find(named: name))
            return [("claims", #"{"id_token": {"sub": {"value": "\#(user.id.rawValue)"}}}"#)]
        }
    }

    @Test(
        "a hint selects its account for the request, without a page, and never changes the current one",
        arguments: Hint.allCases)
    func select(_ hint: Hint) async throws {
        let shared = try await SharedBrowser(["dan", "eve", "fay"])
        for name in ["dan", "eve"] {
            let hinted = try await parameters(hint, of: name, shared)
            #expect(try await shared.person(in: shared.authorize(hinted)) == name)
            #expect(try await shared.current() == "fay")
            // Now that the user has consented, no page is needed at all.
            #expect(try await shared.person(in: shared.authorize(hinted + [("prompt", "none")])) == name)
            #expect(try await shared.current() == "fay")
        }
    }

    @Test("a link on another site can't change the current account with a hint")
    func switching() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        let before = shared.browser.cookieHeader
        for more in [[], [("prompt", "none")], [("prompt", "login")], [("max_age", "0")]] {
            _ = try await shared.authorize([("login_hint", "dan")] + more)
            _ = try await shared.browser.get("/account/switch")
        }
        #expect(shared.browser.cookieHeader == before)
        #expect(try await shared.current() == "eve")
    }

    @Test("an exact hint takes precedence over login_hint, and an account that it doesn't name is not offered")
    func exact() async throws {
        let shared = try await SharedBrowser(["dan", "eve", "fay"])
        let dan = try await parameters(.claim, of: "dan", shared)
        #expect(try await shared.person(in: shared.authorize(dan + [("login_hint", "eve")])) == "dan")
        #expect(try await shared.chooser(dan + [("prompt", "select_account")]).usernames == ["dan"])
        let alice = try await parameters(.claim, of: "alice", shared)
        #expect(try await shared.authorize(alice).page().template == "sign-in")
        #expect(try await shared.silentError(alice) == "login_required")
    }

    @Test("a login_hint that names none of several accounts leads to the chooser; with one account it stays a hint")
    func unknown() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        #expect(try await shared.chooser([("login_hint", "nobody")]).usernames == ["eve", "dan"])
        let single = shared.another()
        try await single.add("dan")
        #expect(try await single.person(in: single.authorize([("login_hint", "nobody")])) == "dan")
    }

    @Test(
        "OIDC-Core-031: without a current account, prompt=none gives account_selection_required if anyone is signed in")
    func selectionRequired() async throws {
        let shared = try await SharedBrowser(["dan", "eve"])
        let page = try await shared.browser.get("/account").page()
        let form = [("form_token", page.text("form_token")), ("here", "yes")]
        _ = try await shared.browser.request(.post, "/account/sessions", form: form)
        #expect(try await shared.silentError() == "account_selection_required")
        _ = try await shared.signOut("dan", on: shared.chooser([]))
        #expect(try await shared.silentError() == "login_required")
    }

    @Test(
        "with prompt=none, a hint at an account that has not consented gets the response as if it were not signed in",
        arguments: Hint.allCases, [true, false])
    func probing(_ hint: Hint, hasCurrent: Bool) async throws {
        // Both browsers have two accounts. The client asks both about dan, who is signed in in the first only.
        let shared = try await SharedBrowser(["dan", "eve"])
        let other = shared.another()
        try await shared.issuer.apply(#"{"users": [{"username": "fay", "password": "fay likes tea"}]}"#)
        for name in ["fay", "eve"] { try await other.add(name) }
        let hinted = try await parameters(hint, of: "dan", shared)
        for browser in [shared, other] {
            if hasCurrent {
                #expect(try await browser.person(in: browser.choose("eve", on: browser.chooser())) == "eve")
            } else {
                let page = try await browser.browser.get("/account").page()
                let form = [("form_token", page.text("form_token")), ("here", "yes")]
                _ = try await browser.browser.request(.post, "/account/sessions", form: form)
            }
        }
        let (present, absent) = (try await shared.silentError(hinted), try await other.silentError(hinted))
        #expect(present == absent)
        let isExact = [.token, .claim].contains(hint)
        #expect(present == (hasCurrent && !isExact ? nil : "login_required"))
        // The client that skips consent may know. So may this one once dan has consented.
        let user = try #require(try await shared.issuer.stores.users.find(named: "dan"))
        try await shared.issuer.stores.consents.save(
            Consent(
                user: user.id, client: Identifier(rawValue: "web"), scope: ["openid"],
                grantedAt: shared.issuer.clock.now))
        #expect(try await shared.person(in: shared.authorize(hinted + [("prompt", "none")])) == "dan")
    }
}
