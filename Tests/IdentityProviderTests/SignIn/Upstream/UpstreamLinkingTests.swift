import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("An account at an upstream is linked to an account here only by signing in to it")
struct UpstreamLinkingTests {
    private let mailbox = TestMailbox()

    private func links(_ house: UpstreamCase, of name: String = "alice") async throws -> [String] {
        try await house.stores.upstreamLinks.links(of: house.user(name).id).map(\.subject)
    }

    /// Expects a page that tells the signed-in user that nothing was linked, and leads on.
    private func expectNotLinked(
        _ visitor: UpstreamVisitor, _ response: Response, isTaken: Bool = false
    ) async throws {
        let page = try response.page()
        #expect(page.template == "not-linked" && page.data["is_taken"] == .flag(isTaken))
        #expect(try await visitor.browser.follow(.redirect(to: page.text("continue_uri"))).page().template == "consent")
    }

    @Test(
        "who signs in with their password after coming from the upstream is linked, told, and can use it from then on")
    func link() async throws {
        let house = try await UpstreamCase(mailbox: mailbox)
        let visitor = house.visitor()
        let page = try await house.chooseToLink(visitor)
        #expect(page.template == "sign-in")
        #expect(page.object("linking")["label"] == "alice@up.example")
        #expect(page.object("linking")["upstream"] == "up")
        // Another upstream can't stand in for the user's own factors.
        #expect(page.data["upstreams"] == nil)
        // A wrong password links nothing and keeps the page as it is.
        let wrong = try await visitor.browser.signIn(on: page, "wrong horse").page()
        #expect(wrong.hasError("credentials") && wrong.data["linking"] != nil)
        #expect(try await links(house) == [])
        house.issuer.clock.advance(by: 60)
        #expect(try await visitor.browser.signIn(on: wrong).page().template == "consent")
        #expect(try await links(house) == ["u-1"])
        #expect(try await house.session(visitor.browser).upstream == nil)
        try await house.issuer.deliver()
        #expect(mailbox.all.map { "\($0.kind) \($0.text("factor"))" } == ["factor_added text.mail_factor_upstream"])
        let record = try #require(try await house.issuer.records("upstream_linked").last)
        #expect((record.user, record.details["upstream"]) == (try await house.user().id.rawValue, "up"))
        _ = try await house.arrive(house.visitor())
        #expect(try await house.issuer.records("signed_in").last?.details["amr"] == ["fed"])
    }

    @Test("a session that this browser has anyway links nothing, and neither does one that began in another tab")
    func existingSession() async throws {
        let house = try await UpstreamCase()
        let visitor = house.visitor()
        let page = try await house.chooseToLink(visitor)
        let here = try Request(method: .get, path: "/", headers: [.cookie: visitor.browser.cookieHeader])
        let interactions = InteractionKeeper(house.issuer.core)
        let pending = try interactions.resume(page.text("interaction"), in: here)
        #expect(pending.guest?.isLinking == true)
        // The owner of the browser signs in for something else.
        _ = try await visitor.browser.authorize(Browser.webRequest())
        #expect(try await visitor.browser.get("/account").page().template == "account")
        let (bound, _) = interactions.bind(
            pending, in: try Request(method: .get, path: "/", headers: [.cookie: visitor.browser.cookieHeader]))
        _ = try await visitor.browser.follow(interactions.proceed(bound))
        #expect(try await links(house) == [])
    }

    /// Ways in which a session can be less than the sign-in that links.
    private static let lesser: [(name: String, session: @Sendable (User, Date) -> Session)] = [
        ("from before", { .example($0, at: $1 - 1) }),
        (
            "from another upstream",
            { .example($0, at: $1, upstream: UpstreamSession(upstream: .init(rawValue: "o"), subject: "s")) }
        ),
        ("on a trusted device", { .example($0, at: $1, trustsDevice: true) }),
        ("of another user", { user, moment in .example(user, of: .init(rawValue: "other"), at: moment) }),
    ]

    @Test("a session links only if it began after the arrival with the user's own factors", arguments: lesser.indices)
    func sessions(_ index: Int) async throws {
        let house = try await UpstreamCase()
        let core = house.issuer.core
        let (alice, now) = (try await house.user(), house.issuer.clock.now)
        var interaction = Interaction(.signIn(SignInRequest(location: "/account")), startedAt: now)
        interaction.guest = UpstreamGuest(
            upstream: Identifier(rawValue: "up"), authority: try await house.issuer.authority(of: "up"), subject: "u-1",
            label: "", arrivedAt: now, isLinking: true)
        let request = try Request(method: .post, path: "/sign-in")
        func link(_ session: Session) async throws -> PendingLinks.Obstacle? {
            try await PendingLinks(core).link(interaction, to: alice, after: session, request)
        }
        #expect(try await link(Self.lesser[index].session(alice, now)) == .other)
        #expect(try await links(house) == [])
        interaction.guest?.isLinking = false
        #expect(try await link(.example(alice, at: now)) == nil)
        #expect(try await links(house) == [])
        interaction.guest?.isLinking = true
        #expect(try await link(.example(alice, at: now)) == nil)
        #expect(try await links(house) == ["u-1"])
    }

    @Test("a second factor is asked for before anything is linked, even in a browser that the user chose to remember")
    func remembered() async throws {
        let house = try await UpstreamCase()
        let visitor = house.visitor()
        let first = try await visitor.browser.authorize(
            Browser.webRequest(), as: "bob", password: "battery staple"
        ).page()
        _ = try await visitor.browser.submit(first, [("code", try house.issuer.code()), ("remember", "yes")])
        house.issuer.clock.advance(by: 3_600)
        let page = try await house.chooseToLink(visitor, Browser.webRequest([("prompt", "login")]))
        let second = try await visitor.browser.signIn(on: page, as: "bob", "battery staple").page()
        #expect(second.template == "second-factor" && second.data["linking"] != nil)
        #expect(try await links(house, of: "bob") == [])
        _ = try await visitor.browser.submit(second, [("code", try house.issuer.code())])
        #expect(try await links(house, of: "bob") == ["u-1"])
        // Without anything to link, the remembered browser is enough.
        house.issuer.clock.advance(by: 60)
        let login = try await visitor.browser.get("/authorize", Browser.webRequest([("prompt", "login")])).page()
        #expect(try await visitor.browser.signIn(on: login, as: "bob", "battery staple").page().template == "consent")
    }

    @Test("a passkey links as well")
    func passkey() async throws {
        let house = try await UpstreamCase()
        var person = try PasskeyPerson(house.issuer)
        try await person.enrol()
        let visitor = house.visitor()
        person.browser = visitor.browser
        _ = try await person.answer(house.chooseToLink(visitor))
        #expect(try await links(house) == ["u-1"])
    }

    @Test("who decides against it on the sign-in page signs in without linking")
    func cancel() async throws {
        let house = try await UpstreamCase()
        let visitor = house.visitor()
        let page = try await house.chooseToLink(visitor)
        guard case .text(let uri)? = page.object("linking")["cancel_uri"] else { throw Unexpected("no way back") }
        let plain = try await visitor.browser.follow(.redirect(to: uri)).page()
        #expect(plain.template == "sign-in" && plain.data["linking"] == nil)
        _ = try await visitor.browser.signIn(on: plain)
        #expect(try await links(house) == [])
    }

    @Test("an interaction planted by someone else links their account to nobody's")
    func planted() async throws {
        let house = try await UpstreamCase()
        let attacker = house.visitor()
        let bait = try await house.chooseToLink(attacker).text("interaction")
        let victim = Browser(house.issuer)
        for path in ["/sign-in", "/sign-in/upstream/account", "/authorize"] {
            let response = try await victim.get(path, [("interaction", bait)])
            #expect(response.status == .gone)
        }
        // The button of the error page starts the request over, without the attacker's account.
        let lost = try await victim.get("/sign-in", [("interaction", bait)]).page()
        guard case .object(let next)? = lost.data["next"], case .text(let uri)? = next["uri"] else {
            throw Unexpected("the error page has no button")
        }
        let page = try await victim.follow(.redirect(to: uri)).page()
        #expect(page.template == "sign-in" && page.data["linking"] == nil)
        _ = try await victim.signIn(on: page)
        #expect(try await house.owner() == nil)
        // Nor does the form of the victim's own page accept it.
        let own = try await victim.get("/authorize", Browser.webRequest([("prompt", "login")])).page()
        let mixed = try await victim.request(
            .post, "/sign-in",
            form: [
                ("form_token", own.text("form_token")), ("interaction", bait), ("username", "alice"),
                ("password", "correct horse"),
            ])
        #expect(mixed.status == .gone)
        #expect(try await house.owner() == nil)
    }

    @Test("the next user of a shared computer signs in without linking what was left there")
    func leftBehind() async throws {
        let house = try await UpstreamCase()
        let visitor = house.visitor()
        let page = try await house.chooseToLink(visitor)
        // A visit of their own.
        let other = try await visitor.browser.get("/authorize", Browser.webRequest()).page()
        #expect(other.data["linking"] == nil)
        _ = try await visitor.browser.signIn(on: other)
        #expect(try await links(house) == [])
        // The page itself, once the time for it is over. It no longer says that it links.
        let late = house.visitor()
        let left = try await house.chooseToLink(late)
        house.issuer.clock.advance(by: house.issuer.core.settings.lifetimes.factor)
        #expect(
            try await late.browser.get("/sign-in", [("interaction", left.text("interaction"))]).page().data["linking"]
                == nil)
        try await expectNotLinked(late, late.browser.signIn(on: left))
        #expect(try await links(house) == [])
        _ = page
    }

    @Test("going on with an upstream forgets the account of the one before")
    func otherUpstream() async throws {
        let clock = TestClock()
        let (first, second) = (try CannedUpstream(clock: clock), try CannedUpstream("other", clock: clock))
        let issuer = try await TestIssuer(
            resources: TestIssuer.resources(with: first.resource(), second.resource()), clock: clock,
            fetcher: CannedNetwork(first, second))
        try await issuer.link("alice", to: "other")
        let visitor = UpstreamVisitor(issuer)
        let page = try await visitor.browser.follow(visitor.comeBack(first.authorize(visitor.leave()))).page()
        let linking = try await visitor.browser.submit(page, [("action", "link")]).page()
        let here = try Request(method: .get, path: "/", headers: [.cookie: visitor.browser.cookieHeader])
        let interaction = try InteractionKeeper(issuer.core).resume(linking.text("interaction"), in: here)
        let upstream = try #require(try await issuer.core.upstreams.findEnabled(Identifier(rawValue: "other")))
        let left = try await UpstreamStarter(issuer.core).start(upstream, for: .signIn(interaction), in: here)
        for field in left.headers[values: .setCookie] {
            visitor.browser.add(cookie: String(field.prefix { $0 != ";" }))
        }
        let back = try await visitor.comeBack(
            second.authorize(try #require(left.headers[.location])), to: "/upstream/other/callback")
        #expect(try await visitor.browser.follow(back).page().template == "consent")
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(try await issuer.stores.upstreamLinks.links(of: alice.id).map(\.upstream.rawValue) == ["other"])
        // Nor does the way back from a failure still link.
        let failed = UpstreamVisitor(issuer)
        let again = try await failed.browser.follow(failed.comeBack(first.authorize(failed.leave()))).page()
        let chosen = try await failed.browser.submit(again, [("action", "link")]).page()
        let there = try Request(method: .get, path: "/", headers: [.cookie: failed.browser.cookieHeader])
        let pending = try InteractionKeeper(issuer.core).resume(chosen.text("interaction"), in: there)
        let gone = try await UpstreamStarter(issuer.core).start(upstream, for: .signIn(pending), in: there)
        for field in gone.headers[values: .setCookie] {
            failed.browser.add(cookie: String(field.prefix { $0 != ";" }))
        }
        let state = try gone.answer().required("state")
        let denied = try await failed.comeBack(
            [("error", "access_denied"), ("state", state), ("iss", second.issuer)], to: "/upstream/other/callback")
        #expect(denied.upstreamProblem == "denied")
        #expect(try await failed.browser.follow(denied).page().data["linking"] == nil)
    }

    @Test("a password that was just reset by email signs in but doesn't link")
    func mailbox() async throws {
        let house = try await UpstreamCase(mailbox: mailbox)
        let alice = try await house.user()
        let visitor = house.visitor()
        let page = try await house.chooseToLink(visitor)
        let hash = try #require(alice.passwordHash)
        #expect(
            try await house.stores.users.setPasswordHash(
                of: alice, to: hash, mailedAt: house.issuer.clock.now, at: house.issuer.clock.now))
        try await expectNotLinked(visitor, visitor.browser.signIn(on: page))
        #expect(try await links(house) == [])
    }

    @Test("an account that someone else linked in the meantime stays theirs")
    func taken() async throws {
        let house = try await UpstreamCase()
        let visitor = house.visitor()
        let page = try await house.chooseToLink(visitor)
        try await house.issuer.link("bob", to: "up")
        try await expectNotLinked(visitor, visitor.browser.signIn(on: page), isTaken: true)
        #expect(try await house.owner() == "bob")
        #expect(try await house.issuer.records("upstream_refused").last?.details["reason"] == "taken")
    }

    @Test("an upstream that was disabled in the meantime links nobody")
    func disabledUpstream() async throws {
        let house = try await UpstreamCase()
        let visitor = house.visitor()
        let page = try await house.chooseToLink(visitor)
        let off: JSONObject = ["upstreams": [.object(house.upstream.resource(["disabled": true]))]]
        try await house.issuer.apply(String(decoding: off.serialized(), as: UTF8.self))
        try await expectNotLinked(visitor, visitor.browser.signIn(on: page))
        #expect(try await links(house) == [])
    }

    @Test("a user who has the most accounts that are allowed is told that another was not linked")
    func full() async throws {
        let house = try await UpstreamCase()
        for number in 0..<20 { try await house.issuer.link("alice", to: "other", subject: "s-\(number)") }
        let visitor = house.visitor()
        let page = try await house.chooseToLink(visitor)
        try await expectNotLinked(visitor, visitor.browser.signIn(on: page))
        #expect(try await house.owner() == nil)
    }
}

extension Session {
    fileprivate static func example(
        _ user: User, of owner: Identifier<User>? = nil, at moment: Date, trustsDevice: Bool = false,
        upstream: UpstreamSession? = nil
    ) -> Session {
        Session(
            secret: SecretDigest(bytes: [1]), user: owner ?? user.id, authenticatedAt: moment, amr: ["pwd"],
            acr: AuthenticationContext.singleFactor.rawValue, expiresAt: moment + 3_600, trustsDevice: trustsDevice,
            upstream: upstream)
    }
}
