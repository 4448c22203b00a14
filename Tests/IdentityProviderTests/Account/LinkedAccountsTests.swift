import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("The account page of accounts at other providers")
struct LinkedAccountsTests {
    private static let path = "/account/linked-accounts"
    private let mailbox = TestMailbox()

    /// A visitor who has signed in with a password, and their page.
    private func signedIn(_ house: UpstreamCase, as name: String = "alice") async throws -> (UpstreamVisitor, Page) {
        let visitor = house.visitor()
        _ = try await visitor.browser.authorize(Browser.webRequest(), as: name)
        return (visitor, try await visitor.browser.get(Self.path).page())
    }

    private func links(_ house: UpstreamCase, of name: String = "alice") async throws -> [UpstreamLink] {
        try await house.stores.upstreamLinks.links(of: house.user(name).id)
    }

    private func href(_ page: Page) throws -> (path: String, query: String) {
        guard case .text(let href)? = page.list("choices").first?["href"] else {
            throw Unexpected("no upstream to add")
        }
        let parts = href.split(separator: "?", maxSplits: 1).map(String.init)
        return (parts[0], parts[1])
    }

    /// Follows the link of the page to the upstream, signs in there, and returns to the page that asks.
    private func goAndReturn(_ house: UpstreamCase, _ visitor: UpstreamVisitor, from page: Page) async throws -> Page {
        let (path, query) = try href(page)
        let away = try await visitor.browser.request(.get, path, query: query)
        let back = try await visitor.comeBack(house.upstream.authorize(try #require(away.headers[.location])))
        return try await visitor.browser.follow(back).page()
    }

    private func submit(_ visitor: UpstreamVisitor, _ page: Page, _ fields: [(String, String)]) async throws -> Page {
        let offer =
            if case .text(let text)? = page.object("candidate")["offer"] { [("offer", text)] } else {
                [(String, String)]()
            }
        return try await visitor.browser.submit(page, offer + fields).page()
    }

    @Test(
        "a user adds an account after seeing whose it is, and removes it; both are recorded, told, and on their pages")
    func addAndRemove() async throws {
        let house = try await UpstreamCase(mailbox: mailbox)
        let (visitor, page) = try await signedIn(house)
        #expect(page.data["has_none"] == true && page.list("choices").map { $0["name"] } == ["up"])
        let question = try await goAndReturn(house, visitor, from: page)
        #expect(question.object("candidate")["label"] == "alice@up.example")
        #expect(try await links(house).isEmpty)
        let added = try await submit(visitor, question, [("action", "add")])
        #expect(added.template == "linked-accounts" && added.data["error"] == nil)
        let row = try #require(added.list("links").first)
        #expect(row["upstream"] == "up" && row["label"] == "alice@up.example" && row["used"] == nil)
        #expect(row["is_usable"] == true && row["created"] == .time(house.issuer.clock.now, .day))
        try await house.issuer.audit.flush()
        let account = try await visitor.browser.get("/account").page()
        #expect(account.object("upstreams")["count"] == "1")
        #expect(account.list("activity").contains { $0["what"] == "text.activity_upstream_linked" })
        // It works.
        _ = try await house.arrive(house.visitor())
        let used = try await visitor.browser.get(Self.path).page()
        #expect(used.list("links").first?["used"] == .time(house.issuer.clock.now, .recent))
        let id = try await links(house)[0].id.rawValue
        let removed = try await submit(visitor, used, [("action", "remove"), ("link", id)])
        #expect(removed.data["error"] == nil && removed.data["has_none"] == true)
        #expect(try await links(house).isEmpty)
        #expect(try await house.issuer.records("upstream_unlinked").last?.user == house.user().id.rawValue)
        try await house.issuer.deliver()
        #expect(mailbox.kinds.filter { $0.hasPrefix("factor") }.sorted() == ["factor_added", "factor_removed"])
        #expect(try await house.arrive(house.visitor()).page().template == "upstream-account")
        let again = try await submit(visitor, removed, [("action", "remove"), ("link", id)])
        #expect(again.hasError("gone"))
    }

    @Test("the overview mentions other providers only if there are any, or links to one")
    func section() async throws {
        let plain = try await TestIssuer()
        let browser = Browser(plain)
        _ = try await browser.authorize(Browser.webRequest())
        #expect(try await browser.get("/account").page().data["upstreams"] == nil)
        try await plain.link("alice", to: "gone")
        #expect(try await browser.get("/account").page().object("upstreams")["count"] == "1")
    }

    @Test("an account at a provider that was deleted or disabled is listed by the provider's id and can be removed")
    func unknownUpstream() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("alice", to: "gone")
        let (visitor, page) = try await signedIn(house)
        let row = try #require(page.list("links").first)
        #expect(row["upstream"] == "gone" && row["is_usable"] == false)
        _ = try await submit(visitor, page, [("action", "remove"), ("link", links(house)[0].id.rawValue)])
        #expect(try await links(house).isEmpty)
    }

    @Test("who decides against it adds nothing")
    func decline() async throws {
        let house = try await UpstreamCase()
        let (visitor, page) = try await signedIn(house)
        let question = try await goAndReturn(house, visitor, from: page)
        let declined = try await submit(visitor, question, [("action", "decline")])
        #expect(declined.data["error"] == nil)
        #expect(try await links(house).isEmpty)
    }

    @Test("another user, session or browser can neither start nor finish it")
    func planted() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.apply(#"{"users": [{"username": "eve", "password": "correct horse"}]}"#)
        let (attacker, theirs) = try await signedIn(house, as: "eve")
        let question = try await goAndReturn(house, attacker, from: theirs)
        let (victim, page) = try await signedIn(house)
        guard case .text(let bait)? = question.object("candidate")["offer"] else { throw Unexpected("no offer") }
        // The attacker's link, opened by the victim, and the attacker's account in the victim's form.
        for offer in [bait, try href(theirs).query.split(separator: "=").last.map(String.init) ?? ""] {
            let shown = try await victim.browser.get(Self.path, [("offer", offer)])
            #expect(try shown.page().data["candidate"] == nil && shown.page().data["error"] != nil)
            let done = try await victim.browser.submit(page, [("offer", offer), ("action", "add")]).page()
            #expect(done.data["error"] != nil)
        }
        // Without an offer, with one that is not ours, and with one for which nobody signed in at the upstream.
        for offer in ["", "AAAA", try href(page).query.split(separator: "=").last.map(String.init) ?? ""] {
            _ = try await victim.browser.submit(page, [("offer", offer), ("action", "add")])
        }
        #expect(try await links(house).isEmpty)
        // Another session of the same user.
        let (other, _) = try await signedIn(house, as: "eve")
        _ = try await other.browser.submit(
            try await other.browser.get(Self.path).page(), [("offer", bait), ("action", "add")])
        #expect(try await links(house, of: "eve").isEmpty)
        // A form without a token.
        let forged = try await attacker.browser.request(
            .post, Self.path, form: [("offer", bait), ("action", "add")])
        #expect(forged.status == .forbidden)
        #expect(try await links(house, of: "eve").isEmpty)
    }

    @Test("the answer of the upstream counts only in the session that asked")
    func otherSession() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.apply(#"{"users": [{"username": "eve", "password": "correct horse"}]}"#)
        let (visitor, page) = try await signedIn(house)
        let (path, query) = try href(page)
        let away = try await visitor.browser.request(.get, path, query: query)
        house.issuer.clock.advance(by: 60)
        _ = try await visitor.browser.authorize(Browser.webRequest([("prompt", "login")]), as: "eve")
        let back = try await visitor.comeBack(house.upstream.authorize(try #require(away.headers[.location])))
        #expect(back.upstreamProblem == "lost")
        #expect(try await house.owner() == nil)
    }

    @Test("an account of somebody else is not added, and stays theirs")
    func taken() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("bob", to: "up")
        let (visitor, page) = try await signedIn(house)
        let (path, query) = try href(page)
        let away = try await visitor.browser.request(.get, path, query: query)
        let back = try await visitor.comeBack(house.upstream.authorize(try #require(away.headers[.location])))
        #expect(back.upstreamProblem == "taken")
        let shown = try await visitor.browser.follow(back).page()
        #expect(shown.object("error") == ["text": "text.linked_accounts_problem_taken", "name": "up"])
        // Linked while the question was open.
        _ = try await house.stores.upstreamLinks.delete(
            of: house.user("bob").id, addedIn: .distantPast ... .distantFuture)
        let question = try await goAndReturn(house, visitor, from: shown)
        try await house.issuer.link("bob", to: "up")
        let late = try await submit(visitor, question, [("action", "add")])
        #expect(late.object("error") == ["text": "text.linked_accounts_problem_taken", "name": "up"])
        #expect(try await house.owner() == "bob")
    }

    @Test("an unattended browser is not enough: the page asks for a recent sign-in")
    func recent() async throws {
        let house = try await UpstreamCase()
        let (visitor, page) = try await signedIn(house)
        let question = try await goAndReturn(house, visitor, from: page)
        house.issuer.clock.advance(by: 3_600)
        #expect(try await visitor.browser.get(Self.path).page().template == "sign-in")
        #expect(try await submit(visitor, question, [("action", "add")]).template == "sign-in")
        #expect(try await links(house).isEmpty)
    }

    @Test("access to the mailbox alone adds nothing")
    func mailbox() async throws {
        let house = try await UpstreamCase(mailbox: mailbox)
        let alice = try await house.user()
        let now = house.issuer.clock.now
        #expect(
            try await house.stores.users.setPasswordHash(
                of: alice, to: #require(alice.passwordHash), mailedAt: now, at: now))
        let (visitor, page) = try await signedIn(house)
        let (path, query) = try href(page)
        #expect(try await visitor.browser.request(.get, path, query: query).status == .forbidden)
    }

    @Test("a link or question that was open too long links nothing and says so, as does one for a disabled provider")
    func expired() async throws {
        let house = try await UpstreamCase()
        let (visitor, page) = try await signedIn(house)
        let question = try await goAndReturn(house, visitor, from: page)
        guard case .text(let old)? = question.object("candidate")["offer"] else { throw Unexpected("no offer") }
        house.issuer.clock.advance(by: house.issuer.core.settings.lifetimes.factor)
        _ = try await visitor.browser.authorize(Browser.webRequest([("prompt", "login")]))
        let shown = try await visitor.browser.get(Self.path, [("offer", old)]).page()
        #expect(shown.hasError("expired") && shown.data["candidate"] == nil)
        #expect(
            try await visitor.browser.submit(shown, [("offer", old), ("action", "add")]).page().hasError("expired"))
        let next = try await goAndReturn(house, visitor, from: shown)
        let off: JSONObject = ["upstreams": [.object(house.upstream.resource(["disabled": true]))]]
        try await house.issuer.apply(String(decoding: off.serialized(), as: UTF8.self))
        #expect(try await submit(visitor, next, [("action", "add")]).hasError("unavailable"))
        #expect(try await links(house).isEmpty)
    }

    @Test("roles and groups that the provider's rules gave go with the link, others stay", arguments: [true, false])
    func memberships(isOnce: Bool) async throws {
        let house = try await UpstreamCase([
            "memberships": [["claim": "team", "value": "a", "roles": ["employee"], "groups": ["staff"]]],
            "copy_memberships": isOnce ? "once" : "each_sign_in",
        ])
        try await house.issuer.link("alice", to: "up")
        house.upstream.change { $0.userInfo["team"] = "a" }
        let own = Membership(roles: ["auditor"])
        let alice = try await house.user()
        #expect(try await house.stores.users.replaceMembership(of: alice.id, from: Membership(), to: own))
        _ = try await house.arrive(house.visitor())
        let given = Membership(roles: ["auditor", "employee"], groups: ["staff"])
        #expect(try await house.user().membership == given)
        let (visitor, page) = try await signedIn(house)
        _ = try await submit(visitor, page, [("action", "remove"), ("link", links(house)[0].id.rawValue)])
        // What is given once is the user's.
        #expect(try await house.user().membership == (isOnce ? given : own))
        let withdrawn = try await house.issuer.records("membership_withdrawn").map { $0.details["groups"] }
        #expect(withdrawn == (isOnce ? [] : [["staff"]]))
    }

    @Test("the last way to sign in can't be removed, and the page says what to do")
    func last() async throws {
        let house = try await UpstreamCase(["sign_up": "create"])
        house.upstream.change { $0.userInfo["preferred_username"] = "octocat" }
        let visitor = house.visitor()
        _ = try await house.arrive(visitor)
        let page = try await visitor.browser.get(Self.path).page()
        let id = try await links(house, of: "octocat")[0].id.rawValue
        #expect(try await submit(visitor, page, [("action", "remove"), ("link", id)]).hasError("last"))
        #expect(try await links(house, of: "octocat").count == 1)
        try await house.stores.users.setPasswordHash(
            of: house.user("octocat").id, to: "hash", at: house.issuer.clock.now)
        #expect(try await submit(visitor, page, [("action", "remove"), ("link", id)]).data["error"] == nil)
        #expect(try await links(house, of: "octocat").isEmpty)
    }

    @Test("nobody removes the account of another user")
    func others() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("bob", to: "up")
        let (visitor, page) = try await signedIn(house)
        let id = try await links(house, of: "bob")[0].id.rawValue
        #expect(try await submit(visitor, page, [("action", "remove"), ("link", id)]).hasError("gone"))
        #expect(try await house.owner() == "bob")
    }

    @Test("if the provider doesn't answer, the page says so")
    func unavailable() async throws {
        let house = try await UpstreamCase()
        let (visitor, page) = try await signedIn(house)
        house.upstream.change {
            $0.answers["/.well-known/openid-configuration"] = { _ in throw FetchError.unknownHost("up.example") }
        }
        let (path, query) = try href(page)
        let shown = try await visitor.browser.follow(visitor.browser.request(.get, path, query: query)).page()
        #expect(shown.object("error") == ["text": "text.linked_accounts_problem_unavailable", "name": "up"])
        // A problem that isn't ours is not repeated.
        for (problem, upstream) in [("<b>", "<b>"), ("upstream_lost", "other"), ("upstream_unlinked", "up")] {
            let odd = try await visitor.browser.get(Self.path, [("problem", problem), ("upstream", upstream)]).page()
            #expect(odd.object("error") == ["unavailable": true])
        }
    }

    @Test("the account's data has the links, and deleting the account deletes them")
    func personalData() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("alice", to: "up")
        let (visitor, _) = try await signedIn(house)
        let document = try await visitor.browser.get("/account/data").json()
        let link = document["linked_accounts"]?.array?.first?.object
        #expect((link?["upstream"], link?["sub"], link?["name"]) == ("up", "u-1", "u-1"))
        let page = try await visitor.browser.get("/account/delete").page()
        _ = try await visitor.browser.submit(page, [("username", "alice")])
        #expect(try await house.issuer.link(to: "up", subject: "u-1") == nil)
        #expect(try await house.arrive(house.visitor()).page().template == "upstream-account")
    }
}
