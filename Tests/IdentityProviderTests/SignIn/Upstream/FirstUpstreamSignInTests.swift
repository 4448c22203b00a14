import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("The first sign-in of someone whose account at an upstream is linked to nobody")
struct FirstUpstreamSignInTests {
    @Test("where the rules say so, they get an account at once, and the next sign-in is to it")
    func create() async throws {
        let house = try await UpstreamCase(["sign_up": "create"])
        house.upstream.change { $0.userInfo = ["preferred_username": "octocat", "nickname": "Octo"] }
        let visitor = house.visitor()
        #expect(try await house.arrive(visitor).page().template == "consent")
        let user = try await house.user("octocat")
        #expect((user.email, user.isEmailVerified) == ("alice@up.example", true))
        #expect(user.claims == ["name": "Alice Liddell", "nickname": "Octo"])
        #expect(user.passwordHash == nil)
        #expect(try await house.session(visitor.browser).user == user.id)
        #expect(try await house.issuer.records("account_created").last?.details["origin"] == "upstream")
        let linked = try #require(try await house.issuer.records("upstream_linked").last)
        #expect((linked.user, linked.details["upstream"]) == (user.id.rawValue, "up"))
        _ = try await house.arrive(house.visitor())
        #expect(try await house.issuer.records("account_created").count == 1)
        #expect(try await house.issuer.records("signed_in").map(\.user) == [user.id.rawValue, user.id.rawValue])
    }

    @Test(
        "an address that the upstream didn't verify is never stored, and nobody's account is found by it",
        arguments: [
            ["email": "alice@example.com", "email_verified": "true"],
            ["email": "alice@example.com", "email_verified": false],
            ["email": "alice@example.com", "email_verified": .null],
            ["email": "alice@example.com", "email_verified": 1],
            ["email": "not an address", "email_verified": true],
            ["email": "free@example.com", "email_verified": "true"],
        ] as [JSONObject])
    func unverified(_ claims: JSONObject) async throws {
        let house = try await UpstreamCase(["sign_up": "create"])
        house.upstream.change {
            $0.userInfo = claims
            $0.userInfo["preferred_username"] = "octocat"
        }
        let alice = try await house.user()
        _ = try await house.arrive(house.visitor())
        let user = try await house.user("octocat")
        #expect((user.email, user.isEmailVerified) == (nil, false))
        #expect(try await house.user() == alice)
        #expect(try await house.stores.upstreamLinks.links(of: alice.id).isEmpty)
    }

    @Test("the resource file can say that the upstream's addresses are always verified, or never")
    func verification() async throws {
        for (rule, email) in [("always", "free@up.example"), ("never", nil)] as [(JSON, String?)] {
            let house = try await UpstreamCase(["sign_up": "create", "email_verified": rule])
            house.upstream.change {
                $0.userInfo = ["preferred_username": "octocat", "email": "free@up.example", "email_verified": .null]
            }
            _ = try await house.arrive(house.visitor())
            #expect(try await house.user("octocat").email == email)
        }
    }

    @Test(
        "someone whose verified address has an account gets no other one: they sign in to it",
        arguments: ["create", "ask"])
    func known(_ policy: String) async throws {
        let house = try await UpstreamCase(["sign_up": .string(policy)])
        house.upstream.change {
            $0.userInfo = ["email": "ALICE@example.com", "email_verified": true, "preferred_username": "octocat"]
        }
        let page = try await house.arrive(house.visitor()).page()
        #expect(page.template == "upstream-account")
        #expect(page.data["offer"] == nil)
        #expect(try await house.stores.users.find(named: "octocat") == nil)
        // The page is the same as where nobody may have an account.
        let closed = try await UpstreamCase()
        closed.upstream.change { $0.userInfo = ["email": "ALICE@example.com", "preferred_username": "octocat"] }
        let other = try await closed.arrive(closed.visitor()).page()
        let secrets: Set = ["form_token", "interaction", "other_ways_uri"]
        #expect(page.data.filter { !secrets.contains($0.key) } == other.data.filter { !secrets.contains($0.key) })
    }

    @Test(
        "the username is the upstream's if it is free, else the verified address, else the person chooses",
        arguments: [
            (["preferred_username": "octocat"], "octocat"),
            (["preferred_username": "alice"], "alice@up.example"),
            (["preferred_username": "ALICE"], "alice@up.example"),
            (["preferred_username": "someone@else.example"], "alice@up.example"),
            (["preferred_username": "xx"], "alice@up.example"),
            ([:], "alice@up.example"),
            (["preferred_username": "bob", "email_verified": false], nil),
            (["preferred_username": .null, "email": .null], nil),
        ] as [(JSONObject, String?)])
    func username(_ claims: JSONObject, _ expected: String?) async throws {
        let house = try await UpstreamCase(["sign_up": "create"])
        house.upstream.change { $0.userInfo = claims }
        let page = try await house.arrive(house.visitor()).page()
        #expect(try await house.owner() == expected)
        #expect(page.template == (expected == nil ? "upstream-account" : "consent"))
        #expect(expected != nil || page.object("offer")["username"] == "")
    }

    @Test(
        "who may have an account: verified domains and claims",
        arguments: [
            (["sign_up_domains": ["up.example"]], [:], true),
            (["sign_up_domains": ["other.example"]], [:], false),
            (["sign_up_domains": ["up.example"]], ["email_verified": false], false),
            (["sign_up_domains": ["up.example"]], ["email": "a@sub.up.example"], false),
            (["sign_up_domains": ["up.example"]], ["email": "a@UP.example"], true),
            (["sign_up_requires": ["department": "sales"]], ["department": "sales"], true),
            (["sign_up_requires": ["department": "sales"]], ["department": ["sales", "it"]], true),
            (["sign_up_requires": ["department": "sales"]], ["department": "it"], false),
            (["sign_up_requires": ["department": "sales"]], [:], false),
            (
                ["sign_up_requires": ["department": "sales"], "sign_up_domains": ["other.example"]],
                ["department": "sales"], false
            ),
        ] as [(JSONObject, JSONObject, Bool)])
    func rules(_ rules: JSONObject, _ claims: JSONObject, mayCreate: Bool) async throws {
        for policy in ["create", "ask"] {
            var members = rules
            members["sign_up"] = .string(policy)
            let house = try await UpstreamCase(members)
            house.upstream.change { $0.userInfo = claims }
            let page = try await house.arrive(house.visitor()).page()
            if policy == "create" {
                #expect(try await (house.owner() != nil) == mayCreate)
            } else {
                #expect((page.data["offer"] != nil) == mayCreate)
            }
        }
    }

    @Test("without sign-up at the upstream, the page offers only to sign in, even if the issuer's own sign-up is open")
    func off() async throws {
        let house = try await UpstreamCase(mailbox: TestMailbox()) { $0.signUp = .open }
        let visitor = house.visitor()
        let page = try await house.arrive(visitor).page()
        #expect(page.data["offer"] == nil)
        #expect(page.data["name"] == "up" && page.text("label") == "alice@up.example")
        _ = try await visitor.browser.submit(page, [("action", "create"), ("username", "octocat")])
        #expect(try await house.stores.users.find(named: "octocat") == nil)
        #expect(try await house.issuer.records("sign_in_refused").last?.details["reason"] == "unlinked")
    }

    @Test("the page asks for username and name, and creates the account with what it may have")
    func ask() async throws {
        let house = try await UpstreamCase(["sign_up": "ask"])
        house.upstream.change { $0.userInfo["preferred_username"] = "octocat" }
        let visitor = house.visitor()
        var page = try await house.arrive(visitor).page()
        #expect(page.object("offer") == ["username": "octocat", "own_name": "Alice Liddell", "has_email": true])
        for (username, name, error) in [
            ("xx", "Alice", "username"), ("a b", "Alice", "username"), ("bob@up.example", "Alice", "username"),
            ("alice", "Alice", "taken"), ("ALICE", "Alice", "taken"),
            ("octocat", String(repeating: "x", count: 256), "too_long"),
        ] {
            page = try await visitor.browser.submit(
                page, [("action", "create"), ("username", username), ("name", name)]
            ).page()
            #expect(page.hasError(error), "\(username)")
        }
        let next = try await visitor.browser.submit(
            page, [("action", "create"), ("username", "octo-cat"), ("name", " Octo  Cat ")])
        #expect(try next.page().template == "consent")
        let user = try await house.user("octo-cat")
        #expect(user.claims["name"] == "Octo Cat")
        #expect((user.email, user.isEmailVerified) == ("alice@up.example", true))
        #expect(try await house.owner() == "octo-cat")
        #expect(try await house.session(visitor.browser).upstream?.subject == "u-1")
        // The form works once: its browser has another identity after the sign-in.
        let again = try await visitor.browser.submit(page, [("action", "create"), ("username", "octo-cat2")])
        #expect(again.status == .forbidden)
        #expect(try await house.stores.users.find(named: "octo-cat2") == nil)
    }

    @Test("who wants to sign in another way sees every way, even if the only upstream is chosen without asking")
    func otherWays() async throws {
        let house = try await UpstreamCase { $0.goesToOnlyUpstream = true }
        let visitor = house.visitor()
        let away = try await visitor.browser.get("/authorize", Browser.webRequest()).page()
        #expect(away.template == "upstream-redirect")
        let here = try Request(method: .get, path: "/", headers: [.cookie: visitor.browser.cookieHeader])
        let interaction = try InteractionKeeper(house.issuer.core).resume(away.text("interaction"), in: here)
        var fresh = interaction
        fresh.guest = UpstreamGuest(
            upstream: Identifier(rawValue: "up"), authority: try await house.issuer.authority(of: "up"), subject: "u-1",
            label: "octocat", arrivedAt: house.issuer.clock.now)
        let location = try InteractionKeeper(house.issuer.core).location(.upstreamAccount, fresh)
        let page = try await visitor.browser.follow(.redirect(to: location)).page()
        let ways = try await visitor.browser.follow(.redirect(to: page.text("other_ways_uri"))).page()
        #expect(ways.template == "sign-in" && ways.data["upstreams"] != nil)
        // The sign-in that links is not redirected to the upstream again.
        let linking = try await visitor.browser.submit(page, [("action", "link")]).page()
        #expect(linking.template == "sign-in" && linking.data["linking"] != nil && linking.data["upstreams"] == nil)
    }

    @Test("the verified address can be the username, and an empty name is left out")
    func addressAsName() async throws {
        let house = try await UpstreamCase(["sign_up": "ask"])
        let visitor = house.visitor()
        let page = try await house.arrive(visitor).page()
        _ = try await visitor.browser.submit(
            page, [("action", "create"), ("username", "Alice@UP.example"), ("name", " ")])
        let user = try await house.user("alice@up.example")
        #expect(user.username == "alice@up.example" && user.claims["name"] == nil)
        house.upstream.change {
            $0.subject = "u-2"
            $0.userInfo["email_verified"] = false
        }
        let other = try await house.arrive(house.visitor()).page()
        #expect(other.object("offer")["has_email"] == false)
    }

    @Test("a second click on the button signs in to the account that the first one created")
    func secondClick() async throws {
        let house = try await UpstreamCase(["sign_up": "ask"])
        let (visitor, second) = (house.visitor(), house.visitor())
        let page = try await house.arrive(visitor).page()
        for cookie in visitor.browser.cookieHeader.split(separator: "; ") { second.browser.add(cookie: String(cookie)) }
        let fields = [("action", "create"), ("username", "octocat")]
        for browser in [visitor.browser, second.browser] {
            #expect(try await browser.submit(page, fields).page().template == "consent")
            #expect(try await house.session(browser).user == house.user("octocat").id)
        }
        #expect(try await house.issuer.records("account_created").count == 1)
    }

    @Test("a page that is open while the rules change gives only what the new ones name, and only where they apply")
    func changedRules() async throws {
        let given: JSONObject = [
            "sign_up": "ask",
            "memberships": [
                ["claim": "g", "value": "a", "roles": ["admin"]], ["claim": "g", "value": "a", "roles": ["employee"]],
            ],
        ]
        let house = try await UpstreamCase(given)
        house.upstream.change { $0.userInfo["g"] = "a" }
        let (visitor, other) = (house.visitor(), house.visitor())
        let page = try await house.arrive(visitor).page()
        house.upstream.change { $0.subject = "u-2" }
        let late = try await house.arrive(other).page()
        let fewer: JSONObject = [
            "upstreams": [
                .object(
                    house.upstream.resource([
                        "sign_up": "ask", "memberships": [["claim": "g", "value": "b", "roles": ["employee"]]],
                    ]))
            ]
        ]
        try await house.issuer.apply(String(decoding: fewer.serialized(), as: UTF8.self))
        _ = try await visitor.browser.submit(page, [("action", "create"), ("username", "octocat")])
        #expect(try await house.user("octocat").roles == ["employee"])
        // The client no longer lists the upstream.
        try await house.issuer.apply(
            """
            {"clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
              "redirect_uris": ["https://shop.example/callback"], "upstreams": []}]}
            """)
        house.issuer.clock.advance(by: 60)
        let refused = try await other.browser.submit(late, [("action", "create"), ("username", "late")]).page()
        #expect(refused.template == "sign-in" && refused.problem == "text.upstream_gone")
        #expect(try await house.stores.users.find(named: "late") == nil)
    }

    @Test("no form grants more than the upstream and its rules did")
    func forged() async throws {
        let house = try await UpstreamCase([
            "sign_up": "ask", "memberships": [["claim": "g", "value": "a", "roles": ["admin"]]],
        ])
        let visitor = house.visitor()
        let page = try await house.arrive(visitor).page()
        _ = try await visitor.browser.submit(
            page,
            [
                ("action", "create"), ("username", "octocat"), ("email", "alice@example.com"), ("roles", "admin"),
                ("sub", "u-9"),
            ])
        let user = try await house.user("octocat")
        #expect(user.email == "alice@up.example" && user.roles.isEmpty)
        #expect(try await house.owner("u-9") == nil)
    }

    @Test("an address that got an account while the page was open is not given to a second one")
    func overtaken() async throws {
        let house = try await UpstreamCase(["sign_up": "ask"])
        let visitor = house.visitor()
        let page = try await house.arrive(visitor).page()
        try await house.issuer.apply(
            #"{"users": [{"username": "eve", "password": "eavesdropper", "email": "alice@up.example"}]}"#)
        let next = try await visitor.browser.submit(page, [("action", "create"), ("username", "octocat")]).page()
        #expect(next.template == "sign-in" && next.data["linking"] == nil)
        #expect(next.problem == "text.upstream_unlinked")
        #expect(try await house.owner() == nil)
        #expect(try await house.stores.users.find(named: "octocat") == nil)
    }

    @Test("the page lapses with the factor, and works in its own browser only")
    func lapse() async throws {
        let house = try await UpstreamCase(["sign_up": "ask"])
        let visitor = house.visitor()
        let page = try await house.arrive(visitor).page()
        let thief = house.visitor()
        _ = try await thief.browser.get("/authorize", Browser.webRequest())
        let fields = [("action", "create"), ("username", "octocat"), ("interaction", page.text("interaction"))]
        let theirs = try await thief.browser.get("/authorize", Browser.webRequest()).page()
        let stolen = try await thief.browser.request(
            .post, "/sign-in/upstream/account", form: fields + [("form_token", theirs.text("form_token"))])
        #expect(stolen.status == .gone)
        house.issuer.clock.advance(by: house.issuer.core.settings.lifetimes.factor)
        let late = try await visitor.browser.submit(page, [("action", "create"), ("username", "octocat")]).page()
        #expect(late.template == "sign-in" && late.problem == "text.upstream_lost")
        #expect(try await house.stores.users.find(named: "octocat") == nil)
    }

    @Test("nobody gets an account for a request that only a certain user can answer")
    func certainUser() async throws {
        let house = try await UpstreamCase(["sign_up": "create"])
        let alice = try await house.user().id.rawValue
        let request = Browser.webRequest([("claims", #"{"id_token": {"sub": {"value": "\#(alice)"}}}"#)])
        #expect(try await house.arrive(house.visitor(), request).page().data["offer"] == nil)
        #expect(try await house.owner() == nil)
    }

    @Test("however many tabs a person comes back in at once, they have one account", arguments: TestEngine.allCases)
    func race(_ engine: TestEngine) async throws {
        let house = try await UpstreamCase(["sign_up": "create"], engine: engine)
        var visitors: [(UpstreamVisitor, [(String, String)])] = []
        for _ in 0..<12 {
            let visitor = house.visitor()
            visitors.append((visitor, try house.upstream.authorize(try await visitor.leave())))
        }
        let prepared = visitors
        let users = try await TestSupport.race(prepared.count) { number in
            let (visitor, parameters) = prepared[number]
            let page = try await visitor.browser.follow(visitor.comeBack(parameters)).page()
            guard page.template == "consent" else { throw Unexpected(page.template) }
            return try await house.session(visitor.browser).user
        }
        #expect(Set(users).count == 1)
        #expect(try await house.issuer.records("account_created").count == 1)
    }

    @Test("of many people who choose one username at once, one gets it", arguments: TestEngine.allCases)
    func usernameRace(_ engine: TestEngine) async throws {
        let house = try await UpstreamCase(["sign_up": "ask"], engine: engine)
        var visitors: [(UpstreamVisitor, Page)] = []
        for number in 0..<8 {
            house.upstream.change {
                $0.subject = "u-\(number)"
                $0.userInfo = ["email": .string("p\(number)@up.example")]
            }
            let visitor = house.visitor()
            visitors.append((visitor, try await house.arrive(visitor).page()))
        }
        let prepared = visitors
        let templates = try await TestSupport.race(prepared.count) { number in
            let (visitor, page) = prepared[number]
            return try await visitor.browser.submit(page, [("action", "create"), ("username", "octocat")]).page()
                .template
        }
        #expect(templates.count { $0 == "consent" } == 1)
        #expect(templates.count { $0 == "upstream-account" } == 7)
    }
}
