import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Signing in with an account at an upstream that is linked to a user")
struct LinkedSignInTests {
    @Test("upstream and subject alone decide whose account it is, whatever address the upstream now has for it")
    func changedAddress() async throws {
        let house = try await UpstreamCase(["copy_profile": "each_sign_in"])
        try await house.issuer.link("alice", to: "up")
        let before = try await house.user()
        let bob = try await house.user("bob")
        for address in ["alice@example.com", "bob@example.com", "mallory@example.com"] {
            house.upstream.change { $0.userInfo = ["email": .string(address), "email_verified": true] }
            let visitor = house.visitor()
            _ = try await house.arrive(visitor)
            #expect(try await house.session(visitor.browser).user == before.id)
        }
        let after = try await house.user()
        #expect((after.email, after.isEmailVerified) == (before.email, before.isEmailVerified))
        #expect(after.username == before.username)
        #expect(try await house.user("bob") == bob)
        #expect(try await house.stores.users.find(named: "mallory@example.com") == nil)
    }

    @Test("another subject with the address of a linked account is nobody's, even if the upstream verified the address")
    func otherSubject() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("alice", to: "up")
        for subject in ["u-2", "U-1", "u-1 "] {
            house.upstream.change {
                $0.subject = subject
                $0.userInfo = ["sub": .string(subject), "email": "alice@example.com", "email_verified": true]
            }
            let visitor = house.visitor()
            #expect(try await house.arrive(visitor).page().template == "upstream-account")
            await #expect(throws: Unexpected.self) { try await house.session(visitor.browser) }
        }
        #expect(try await house.stores.upstreamLinks.links(of: house.user().id).count == 1)
    }

    @Test("a subject that the upstream gave to someone else can't be noticed, but explain shows that its name changed")
    func recycled() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("alice", to: "up")
        _ = try await house.arrive(house.visitor())
        house.upstream.change { $0.userInfo = ["email": "eve@up.example", "name": "Eve"] }
        let visitor = house.visitor()
        _ = try await house.arrive(visitor)
        #expect(try await house.session(visitor.browser).user == house.user().id)
        let notes = try await house.issuer.records("signed_in").last?.notes ?? []
        #expect(notes.contains { $0.contains("has another name for the account") })
        #expect(try await house.stores.upstreamLinks.links(of: house.user().id)[0].label == "eve@up.example")
    }

    @Test("an account that is disabled here stays disabled, and nothing is copied to it")
    func disabled() async throws {
        let house = try await UpstreamCase(["copy_profile": "each_sign_in"])
        try await house.issuer.link("alice", to: "up")
        try await house.issuer.administration.setDisabled(true, house.user())
        let alice = try await house.user()
        #expect(try await house.comeBack(house.visitor()).upstreamProblem == "not_admitted")
        #expect(try await house.user() == alice)
        let refusal = try #require(try await house.issuer.records("sign_in_refused").last)
        #expect(refusal.details["reason"] == "disabled")
        #expect((refusal.factor, refusal.user) == ("upstream", alice.id.rawValue))
    }

    @Test("a sign-in that is too risky is refused like one that the rules don't admit")
    func suspicious() async throws {
        let house = try await UpstreamCase { $0.risk.consequences[.unknownDevice] = .refuse }
        try await house.issuer.link("alice", to: "up")
        _ = try await house.arrive(house.visitor())
        #expect(try await house.comeBack(house.visitor()).upstreamProblem == "not_admitted")
        #expect(try await house.issuer.records("sign_in_refused").last?.details["reason"] == "suspicious")
        #expect(try await house.issuer.records("suspicious_sign_in").count == 1)
    }

    @Test("the conditions of the upstream hold at every sign-in, and are judged before any account is looked up")
    func conditions() async throws {
        let house = try await UpstreamCase(["requires": ["groups": ["staff", "guests"]], "sign_up": "create"])
        try await house.issuer.link("alice", to: "up")
        for (groups, isAdmitted) in [
            (["staff"], true), (["none"], false), ("guests", true), (["Staff"], false), (nil, false),
        ] as [(JSON?, Bool)] {
            house.upstream.change { $0.userInfo["groups"] = groups }
            let response = try await house.comeBack(house.visitor())
            #expect(response.upstreamProblem == (isAdmitted ? nil : "not_admitted"))
        }
        let user = try await house.issuer.records("upstream_refused").last?.user
        #expect(user == nil)
    }

    @Test("guesses at the password don't lock out a sign-in without any guess")
    func lockout() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("alice", to: "up")
        let guesser = Browser(house.issuer)
        var status: [Int] = []
        for _ in 0..<8 {
            let page = try await guesser.get("/authorize", Browser.webRequest()).page()
            status.append(try await guesser.signIn(on: page, "wrong horse").status.code)
        }
        #expect(status.last == 429)
        #expect(try await house.arrive(house.visitor()).page().template == "consent")
    }

    @Test("tokens and the ID Token are kept only where they are asked for, sealed", arguments: [true, false])
    func tokens(_ isAsked: Bool) async throws {
        let house = try await UpstreamCase(
            isAsked ? ["tokens": "keep", "sign_out": "upstream"] : [:])
        let issuer = house.issuer
        try await issuer.link("alice", to: "up")
        house.upstream.change { $0.tokens = ["refresh_token": "refresh-1"] }
        let visitor = house.visitor()
        _ = try await house.arrive(visitor)
        let link = try #require(try await house.stores.upstreamLinks.links(of: house.user().id).first)
        let session = try await house.session(visitor.browser)
        #expect(session.upstream?.subject == "u-1")
        guard isAsked else {
            #expect(link.sealedTokens == nil && session.upstream?.sealedIDToken == nil)
            return
        }
        let sealed = try #require(link.sealedTokens)
        #expect(!String(decoding: sealed, as: UTF8.self).contains("refresh-1"))
        let opened = try issuer.core.sealer.open(sealed, for: .upstreamTokens)
        let tokens = try JSONDecoder().decode(UpstreamTokens.self, from: Data(opened))
        #expect((tokens.accessToken, tokens.refreshToken) == ("access-1", "refresh-1"))
        let idToken = try issuer.core.sealer.open(#require(session.upstream?.sealedIDToken), for: .upstreamIDToken)
        #expect(try JWTClaims.of(String(decoding: idToken, as: UTF8.self))["sub"] == "u-1")
    }

    @Test(
        "tokens that are no longer to be kept go with the next sign-in, and an ID Token too long for a URL is not kept")
    func noTokens() async throws {
        let house = try await UpstreamCase(["sign_out": "upstream"])
        let links = house.stores.upstreamLinks
        try await house.issuer.link("alice", to: "up")
        let link = try #require(try await links.links(of: house.user().id).first)
        try await links.use(link.id, label: "", sealedTokens: [1], at: house.issuer.clock.now)
        house.upstream.change { $0.claims = ["long": .string(String(repeating: "x", count: 4_096))] }
        house.issuer.clock.advance(by: 60)
        let visitor = house.visitor()
        _ = try await house.arrive(visitor)
        let used = try #require(try await links.links(of: house.user().id).first)
        #expect(used.sealedTokens == nil)
        #expect(used.lastUsedAt == house.issuer.clock.now)
        #expect(used.label == "alice@up.example")
        let session = try await house.session(visitor.browser)
        #expect(session.upstream != nil && session.upstream?.sealedIDToken == nil)
    }

    @Test("who goes back from the second factor to an upstream starts over, and no URL or cookie gets too long")
    func startingOver() async throws {
        let house = try await UpstreamCase(["sign_out": "upstream"])
        try await house.issuer.link("bob", to: "up")
        house.upstream.change { $0.claims = ["long": .string(String(repeating: "x", count: 2_500))] }
        let visitor = house.visitor()
        let back = try await visitor.browser.follow(house.comeBack(visitor)).page()
        #expect(back.template == "second-factor" && back.text("interaction").utf8.count < 16_384)
        let here = try Request(method: .get, path: "/", headers: [.cookie: visitor.browser.cookieHeader])
        let interaction = try InteractionKeeper(house.issuer.core).resume(back.text("interaction"), in: here)
        #expect(interaction.progress?.shown.first?.upstream?.session.sealedIDToken != nil)
        let upstream = try #require(try await house.issuer.core.upstreams.findEnabled(Identifier(rawValue: "up")))
        let away = try await UpstreamStarter(house.issuer.core).start(upstream, for: .signIn(interaction), in: here)
        for field in away.headers[values: .setCookie] {
            #expect(field.utf8.count < 4_096)
            visitor.browser.add(cookie: String(field.prefix { $0 != ";" }))
        }
        let again = try await visitor.comeBack(house.upstream.authorize(#require(away.headers[.location])))
        let page = try await visitor.browser.follow(again).page()
        _ = try await visitor.browser.submit(page, [("code", try house.issuer.code())])
        #expect(try await house.session(visitor.browser).upstream?.sealedIDToken != nil)
    }

    @Test("a session that began with an upstream is no reason to sign in as somebody else in the same browser")
    func otherPerson() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("alice", to: "up")
        let visitor = house.visitor()
        _ = try await house.arrive(visitor)
        // Someone else comes back from the upstream an hour after they signed in there, for a request about alice.
        try await house.issuer.link("bob", to: "up", subject: "u-2")
        house.issuer.clock.advance(by: 7_200)
        let old = Int(house.issuer.clock.now.timeIntervalSince1970) - 3_600
        house.upstream.change {
            $0.subject = "u-2"
            $0.claims = ["auth_time": .integer(old)]
        }
        let alice = try await house.user().id.rawValue
        let bob = try await house.user("bob")
        for app in try await house.stores.totpCredentials.credentials(of: bob.id) {
            try await house.stores.totpCredentials.delete(app.id)
        }
        let request = Browser.webRequest([("claims", #"{"id_token": {"sub": {"value": "\#(alice)"}}}"#)])
        let other = house.visitor()
        let response = try await house.arrive(other, request)
        #expect(try response.answer()["error"] == "login_required")
    }
}
