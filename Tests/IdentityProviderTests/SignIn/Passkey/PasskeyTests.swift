import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import SQLStorage
import TestSupport
import Testing

@Suite("WebAuthn L3: signing in with a passkey")
struct PasskeyTests {
    @Test(
        "a passkey alone counts as two factors, whether hardware-bound or synced (RFC 8176)",
        arguments: [(UInt8(0b101), "hwk"), (0b11101, "swk")])
    func alone(_ flags: UInt8, _ kind: String) async throws {
        var person = try PasskeyPerson(try await TestIssuer())
        person.authenticator.flags = flags
        try await person.enrol()
        let page = try await person.signInPage()
        let claims = try await person.claims(person.answer(page))
        #expect(claims["amr"] == [.string(kind), "user", "mfa"])
        #expect(claims["acr"] == "urn:martlet:acr:3")
        #expect(claims["preferred_username"] == "alice" || claims["sub"]?.string?.isEmpty == false)
    }

    @Test("for a user with a passkey, the password is only the first of two factors")
    func second() async throws {
        var person = try PasskeyPerson(try await TestIssuer())
        try await person.enrol()
        let response = try await person.browser.authorize(Browser.webRequest())
        let page = try response.page()
        #expect(page.template == "second-factor")
        #expect(try await !person.isSignedIn())
        #expect(page.passkey.options["allowCredentials"]?.array?.count == 1)
        let claims = try await person.claims(person.answer(page))
        #expect(claims["amr"] == ["pwd", "hwk", "user", "mfa"])
        #expect(claims["acr"] == "urn:martlet:acr:3")
    }

    @Test("an assertion works once, even if submitted many times concurrently")
    func replay() async throws {
        var person = try PasskeyPerson(try await TestIssuer())
        try await person.enrol()
        let page = try await person.signInPage()
        let credential = try person.authenticator.get(page.passkey.options)
        let holder = person
        let wins = try await race(16) { _ in
            var thief = holder
            thief.browser = holder.browser.copy()
            return try await thief.answer(page, credential).headers[values: .setCookie].contains {
                $0.contains("martlet-session=")
            }
        }
        #expect(wins.count(where: \.self) == 1)
        let again = try await person.answer(page, credential)
        #expect(again.headers[values: .setCookie].isEmpty)
        #expect(again.headers[.location]?.hasSuffix("&problem=passkey") == true)
    }

    /// A dishonest answer to the sign-in page.
    struct Lie: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout SoftwareAuthenticator) -> Void

        init(_ description: String, _ change: @escaping @Sendable (inout SoftwareAuthenticator) -> Void) {
            testDescription = description
            self.change = change
        }
    }

    @Test(
        "a dishonest assertion starts no session",
        arguments: [
            Lie("another origin") { $0.origin = "https://evil.example" },
            Lie("a subdomain") { $0.origin = "https://a.id.example.com" },
            Lie("another RP ID") { $0.rpID = "example.com" },
            Lie("a cross-origin frame") { $0.crossOrigin = true },
            Lie("no user presence") { $0.flags = 0b100 },
            Lie("no user verification") { $0.flags = 0b001 },
            Lie("changed backup eligibility") { $0.flags = 0b11101 },
            Lie("no user handle") { $0.userHandle = nil },
            Lie("the username as user handle") { $0.userHandle = Array("alice".utf8) },
            Lie("another credential") { $0.credentialID[0] ^= 1 },
        ])
    func dishonest(_ lie: Lie) async throws {
        var person = try PasskeyPerson(try await TestIssuer())
        try await person.enrol()
        lie.change(&person.authenticator)
        let page = try await person.signInPage()
        let response = try await person.answer(page)
        #expect(response.headers[values: .setCookie].isEmpty)
        let shown = try await person.browser.follow(response).page()
        #expect(shown.template == "sign-in" && shown.hasError("passkey_refused"))
        #expect(try await !person.isSignedIn())
    }

    @Test("a challenge of another browser, purpose or user, or an expired one, is refused")
    func foreignChallenges() async throws {
        let issuer = try await TestIssuer()
        var person = try PasskeyPerson(issuer)
        let account = try await person.account()
        _ = try await person.add(on: account)
        let enrolment = try await person.browser.get("/account/passkeys").page().passkey.ceremony
        person.browser.forgetCookies()
        let page = try await person.signInPage()
        let other = try PasskeyPerson(issuer)
        let foreign = try await other.signInPage()
        for (options, ceremony) in [
            (foreign.passkey.options, foreign.passkey.ceremony), (foreign.passkey.options, page.passkey.ceremony),
            (page.passkey.options, enrolment), (page.passkey.options, ""), (page.passkey.options, "AAAA"),
        ] {
            let credential = try person.authenticator.get(options)
            let response = try await person.answer(page, credential, ceremony: ceremony)
            #expect(response.headers[values: .setCookie].isEmpty)
        }
        issuer.clock.advance(by: 601)
        #expect(try await person.answer(page).headers[values: .setCookie].isEmpty)
        // None of the attempts used anything up, so a new page still works.
        #expect(try await person.claims(person.answer(person.signInPage()))["amr"] != nil)
    }

    @Test("another user's passkey is not a second factor")
    func otherUser() async throws {
        let issuer = try await TestIssuer()
        var alice = try PasskeyPerson(issuer)
        try await alice.enrol()
        var mallory = try PasskeyPerson(issuer)
        _ = try await issuer.administration.apply(
            ResourceSet(["users": [["username": "mallory", "password": "mallory's own"]]]))
        try await mallory.enrol("mallory", "mallory's own")
        let page = try await mallory.browser.authorize(Browser.webRequest()).page()
        #expect(page.template == "second-factor")
        #expect(try await mallory.answer(page).headers[values: .setCookie].isEmpty)
        mallory.authenticator.userHandle = alice.authenticator.userHandle
        #expect(try await mallory.answer(page).headers[values: .setCookie].isEmpty)
        #expect(try await !mallory.isSignedIn())
    }

    @Test("the page doesn't reveal whether a username has passkeys")
    func enumeration() async throws {
        var person = try PasskeyPerson(try await TestIssuer())
        func options() async throws -> [JSONObject] {
            var all: [JSONObject] = []
            for name in ["alice", "bob", "nobody"] {
                var options = try await person.signInPage([("login_hint", name)]).passkey.options
                options["challenge"] = nil
                all.append(options)
            }
            return all
        }
        let before = try await options()
        try await person.enrol()
        #expect(try await options() == before)
        #expect(Set(before).count == 1)
        #expect(before[0]["allowCredentials"] == [])
    }

    @Test("a signature counter that doesn't increase reveals a cloned authenticator")
    func counter() async throws {
        let issuer = try await TestIssuer()
        var person = try PasskeyPerson(issuer)
        person.authenticator.signCount = 5
        try await person.enrol()
        for (count, isAccepted) in [(5, false), (6, true), (6, false), (4, false), (9, true)] {
            person.authenticator.signCount = count
            let response = try await person.answer(person.signInPage())
            #expect(response.headers[values: .setCookie].isEmpty == !isAccepted, "\(count)")
            person.browser.forgetCookies()
        }
    }

    @Test("a passkey enrolled without user verification stays a second factor only, even if it verifies the user later")
    func unverified() async throws {
        var person = try PasskeyPerson(try await TestIssuer())
        person.authenticator.flags = 0b001
        try await person.enrol()
        person.authenticator.flags = 0b101
        #expect(try await person.answer(person.signInPage()).headers[values: .setCookie].isEmpty)
        let page = try await person.browser.authorize(Browser.webRequest()).page()
        #expect(try await person.claims(person.answer(page))["amr"] == ["pwd", "hwk", "user", "mfa"])
    }

    @Test("a disabled user can't sign in")
    func disabled() async throws {
        let issuer = try await TestIssuer()
        var person = try PasskeyPerson(issuer)
        try await person.enrol()
        var user = try #require(try await issuer.stores.users.find(named: "alice"))
        user.isDisabled = true
        try await issuer.stores.users.save(user)
        #expect(try await person.answer(person.signInPage()).headers[values: .setCookie].isEmpty)
    }

    @Test("issuers on one host share neither passkeys nor challenges")
    func issuers() async throws {
        let database = try await TestDatabase()
        let first = try await TestIssuer("https://id.example.com/a", database: database)
        let second = try await TestIssuer("https://id.example.com/b", database: database)
        var person = try PasskeyPerson(first)
        try await person.enrol()
        let stranger = PasskeyPerson(person, at: second)
        let page = try await stranger.signInPage()
        #expect(try await stranger.answer(page).headers[values: .setCookie].isEmpty)
        let ours = try await person.signInPage()
        #expect(try await stranger.answer(page, ceremony: ours.passkey.ceremony).headers[values: .setCookie].isEmpty)
        // The same authenticator stores a passkey per issuer, because the user handles differ.
        var both = stranger
        try await both.enrol()
        #expect(both.authenticator.userHandle != person.authenticator.userHandle)
    }

    @Test("the issuer's own script is the only one the page may run")
    func script() async throws {
        let issuer = try await TestIssuer()
        let page = try await PasskeyPerson(issuer).signInPage()
        #expect(page.scriptSources == ["https://id.example.com/passkey.js"])
        let response = try await issuer.send(.get, "/passkey.js")
        #expect(response.headers[.contentType] == "text/javascript; charset=utf-8")
        let tag = try #require(response.headers[.eTag])
        #expect(try await issuer.send(.get, "/passkey.js", headers: [.ifNoneMatch: tag]).status == .notModified)
    }
}

extension PasskeyPerson {
    /// The same authenticator with another browser at another issuer.
    init(_ person: PasskeyPerson, at issuer: TestIssuer) {
        self.issuer = issuer
        browser = Browser(issuer)
        authenticator = person.authenticator
    }
}
