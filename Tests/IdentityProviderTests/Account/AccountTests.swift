import Authenticators
import FoundationEssentials
import HTTPTypes
import JOSE
import Templates
import TestSupport
import Testing

@testable import IdentityProvider

extension Page {
    /// The text of a member of an object in the page's data; empty if there is none.
    func text(_ name: String, _ member: String) -> String {
        if case .object(let members)? = data[name], case .text(let text)? = members[member] { text } else { "" }
    }

    func list(_ name: String) -> [[String: Value]] {
        guard case .list(let values)? = data[name] else { return [] }
        return values.compactMap { if case .object(let members) = $0 { members } else { nil } }
    }
}

extension [String: Page.Value] {
    fileprivate func text(_ name: String) -> String { if case .text(let text)? = self[name] { text } else { "" } }
}

@Suite("The account page: self-service")
struct AccountTests {
    private func signIn(_ browser: Browser, _ path: String = "/account", as name: String = "alice") async throws -> Page
    {
        let page = try await browser.get(path).page()
        guard page.template == "sign-in" else { return page }
        return try await browser.submit(page, [("username", name), ("password", "correct horse")]).page()
    }

    /// Enrolls an authenticator app for alice and returns its secret.
    private func addApp(_ issuer: TestIssuer, _ browser: Browser) async throws -> String {
        let page = try await signIn(browser, "/account/authenticator-apps")
        let secret = page.text("totp", "secret")
        let code = try issuer.code(secret)
        let done = try await browser.submit(
            page, [("offer", page.text("totp", "offer")), ("code", code), ("name", "Phone")])
        // The first app comes with recovery codes.
        #expect(try done.page().template == "recovery-codes")
        return secret
    }

    @Test("a visitor who isn't signed in is sent to the sign-in page, and then back")
    func entrance() async throws {
        let issuer = try await TestIssuer()
        let page = try await signIn(Browser(issuer))
        #expect(page.template == "account")
        #expect(page.list("sessions").count == 1)
    }

    @Test(
        "operators can configure the TOTP algorithm and number of digits (RFC 6238 §1.2)",
        arguments: [TOTP.Algorithm.sha1, .sha256, .sha512], [6, 8])
    func shape(_ algorithm: TOTP.Algorithm, _ digits: Int) async throws {
        let issuer = try await TestIssuer { settings in
            settings.totp.algorithm = algorithm
            settings.totp.digits = digits
        }
        let browser = Browser(issuer)
        let page = try await signIn(browser, "/account/authenticator-apps")
        #expect(
            page.text("totp", "address").hasSuffix("&algorithm=\(algorithm.rawValue)&digits=\(digits)&period=30"))
        let secret = try #require(Base32.decode(page.text("totp", "secret")))
        #expect(secret.count == [.sha1: 20, .sha256: 32, .sha512: 64][algorithm])
        let app = try TOTP(secret: secret, algorithm: algorithm, digits: digits)
        func code() throws -> String { try app.code(at: issuer.clock.now) }
        let done = try await browser.submit(page, [("offer", page.text("totp", "offer")), ("code", try code())])
        #expect(try done.page().template == "recovery-codes")
        issuer.clock.advance(by: 30)
        let other = Browser(issuer)
        let asked = try await signIn(other)
        #expect(asked.template == "second-factor")
        #expect(try await other.submit(asked, [("code", try code())]).page().template == "account")
    }

    @Test("an authenticator app is enrolled once its first code proves that it has the secret; then it is required")
    func enrolment() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await signIn(browser, "/account/authenticator-apps")
        let wrong = try await browser.submit(page, [("offer", page.text("totp", "offer")), ("code", "000000")]).page()
        #expect(wrong.hasError("code"))
        // The form offers the same secret, since the app already has it.
        #expect(wrong.text("totp", "secret") == page.text("totp", "secret"))
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(try await issuer.stores.totpCredentials.credentials(of: alice.id).isEmpty)

        let secret = try await addApp(issuer, browser)
        let other = Browser(issuer)
        let next = try await signIn(other)
        #expect(next.template == "second-factor")
        // The code that confirmed the enrollment is spent.
        #expect(try await other.submit(next, [("code", try issuer.code(secret))]).page().hasError("code"))
        issuer.clock.advance(by: 30)
        #expect(try await other.submit(next, [("code", try issuer.code(secret))]).page().template == "account")
    }

    @Test("wrong first codes and invalid passkeys are recorded and throttled like wrong second factors")
    func refusedEnrolment() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await signIn(browser, "/account/authenticator-apps")
        let offer = ("offer", page.text("totp", "offer"))
        for _ in 0..<3 { #expect(try await browser.submit(page, [offer, ("code", "x")]).page().hasError("code")) }
        let passkeys = try await browser.get("/account/passkeys").page()
        for _ in 0..<2 {
            #expect(try await browser.submit(passkeys, [("action", "add")]).page().hasError("refused"))
        }
        let events = try await issuer.recorded().filter { $0.event == "enrolment_refused" }
        #expect(events.map(\.factor) == ["totp", "totp", "totp", "passkey", "passkey"])
        let right = try [offer, ("code", issuer.code(page.text("totp", "secret")))]
        #expect(try await browser.submit(page, right).status == .tooManyRequests)
        issuer.clock.advance(by: 2)
        #expect(try await browser.submit(page, right).page().template == "recovery-codes")
    }

    @Test("an enrollment offer works only for the user it was made for")
    func foreignOffer() async throws {
        let issuer = try await TestIssuer()
        try await issuer.apply(#"{"users": [{"username": "eve", "password": "correct horse"}]}"#)
        let (mine, hers) = (Browser(issuer), Browser(issuer))
        let page = try await signIn(mine, "/account/authenticator-apps")
        let offer = page.text("totp", "offer")
        let secret = page.text("totp", "secret")
        let form = try await signIn(hers, "/account/authenticator-apps", as: "eve")
        let stolen = try await hers.submit(form, [("offer", offer), ("code", try issuer.code(secret))]).page()
        #expect(stolen.hasError("code"))
    }

    @Test("an old sign-in can view the account but must sign in again to change credentials, export data or delete it")
    func stale() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await signIn(browser)
        issuer.clock.advance(by: 601)
        #expect(try await browser.get("/account").page().template == "account")
        for path in ["authenticator-apps", "recovery-codes", "password", "data", "delete"] {
            #expect(try await browser.get("/account/\(path)").page().template == "sign-in", "\(path)")
        }
        let token = try await browser.get("/account").page().text("form_token")
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        _ = try await browser.request(.post, "/account/recovery-codes", form: [("form_token", token)])
        #expect(try await issuer.stores.recoveryCodes.count(of: alice.id) == 0)
        _ = try await browser.request(
            .post, "/account/delete", form: [("form_token", token), ("username", "alice")])
        #expect(try await issuer.stores.users.find(named: "alice") != nil)
    }

    @Test("each recovery code replaces the app once, and a new set replaces the old one")
    func recoveryCodes() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await addApp(issuer, browser)
        func make() async throws -> [String] {
            let page = try await browser.get("/account/recovery-codes").page()
            return try await browser.submit(page, []).page().list("codes").map { $0.text("code") }
        }
        let former = try await make()
        #expect(Set(former).count == 10)
        let codes = try await make()
        func use(_ code: String) async throws -> Page {
            let other = Browser(issuer)
            let asked = try await signIn(other)
            let page = try await other.get(
                "/second-factor", [("interaction", asked.text("interaction")), ("factor", "recovery_code")]
            ).page()
            return try await other.submit(page, [("code", code)]).page()
        }
        #expect(try await use(former[0]).hasError("code"))
        #expect(try await use(codes[0].lowercased().replacing("-", with: " ")).template == "account")
        #expect(try await use(codes[0]).hasError("code"))
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(try await issuer.stores.recoveryCodes.count(of: alice.id) == 9)
        let used = try await issuer.recorded().filter { $0.event == "recovery_code_used" }
        #expect(used.map { $0.details["remaining"] } == [9])
    }

    @Test("users can't end another user's sessions, forget their devices or remove their apps")
    func foreign() async throws {
        let issuer = try await TestIssuer()
        try await issuer.apply(#"{"users": [{"username": "eve", "password": "correct horse"}]}"#)
        let (mine, hers) = (Browser(issuer), Browser(issuer))
        _ = try await addApp(issuer, mine)
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        let app = try #require(try await issuer.stores.totpCredentials.credentials(of: alice.id).first)
        let session = try #require(
            try await issuer.stores.sessions.sessions(of: alice.id, at: issuer.clock.now).first)
        let device = try #require(try await issuer.stores.devices.devices(of: alice.id, at: issuer.clock.now).first)
        let token = try await signIn(hers, as: "eve").text("form_token")
        for (path, field, id) in [
            ("sessions", "end", session.id.rawValue), ("sessions", "forget", device.id.rawValue),
            ("authenticator-apps", "remove", app.id.rawValue),
        ] {
            _ = try await hers.request(.post, "/account/\(path)", form: [("form_token", token), (field, id)])
        }
        #expect(try await issuer.stores.totpCredentials.credentials(of: alice.id) == [app])
        #expect(try await issuer.stores.sessions.sessions(of: alice.id, at: issuer.clock.now) == [session])
        #expect(try await issuer.stores.devices.devices(of: alice.id, at: issuer.clock.now) == [device])
    }

    @Test("a form without a valid token changes nothing")
    func forgery() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await signIn(browser)
        for path in ["sessions", "applications", "authenticator-apps", "recovery-codes", "password", "delete"] {
            let response = try await browser.request(
                .post, "/account/\(path)", form: [("everywhere", "yes"), ("username", "alice")])
            #expect(response.status == .forbidden, "\(path)")
        }
        #expect(try await browser.get("/account").page().template == "account")
    }

    @Test("revoking an application's access revokes its tokens")
    func withdrawal() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let tokens = try await issuer.redeem(browser.code(scope: "openid offline_access")).json()
        let page = try await browser.get("/account").page()
        #expect(page.list("applications").map { $0.text("id") } == ["web"])
        _ = try await browser.request(
            .post, "/account/applications", form: [("form_token", page.text("form_token")), ("client_id", "web")])
        #expect(try await browser.get("/account").page().list("applications").isEmpty)
        let refused = try await issuer.refresh(tokens["refresh_token"]?.string ?? "").json()
        #expect(refused["error"] == "invalid_grant")
    }

    @Test("signing out everywhere ends every session and forgets every browser")
    func everywhere() async throws {
        let issuer = try await TestIssuer()
        let (one, two) = (Browser(issuer), Browser(issuer))
        _ = try await signIn(one)
        let page = try await signIn(two)
        _ = try await two.request(
            .post, "/account/sessions", form: [("form_token", page.text("form_token")), ("everywhere", "yes")])
        for browser in [one, two] { #expect(try await browser.get("/account").page().template == "sign-in") }
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(try await issuer.stores.devices.devices(of: alice.id, at: issuer.clock.now).isEmpty)
    }

    @Test("signing out of this browser leaves other sessions and offline access alone")
    func here() async throws {
        let issuer = try await TestIssuer()
        let (browser, other) = (Browser(issuer), Browser(issuer))
        let token = try #require(
            try await issuer.redeem(browser.code(scope: "openid offline_access")).json()["refresh_token"]?.string)
        _ = try await other.code()
        let page = try await browser.get("/account").page()
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        let own = try #require(try await issuer.recorded().first { $0.event == "signed_in" }?.session)
        let left = try await browser.request(
            .post, "/account/sessions", form: [("form_token", page.text("form_token")), ("here", "yes")])
        #expect(try left.page().template == "signed-out")
        #expect(try left.page().text("next", "label") == "text.next_sign_in")
        #expect(browser.cookie("session") == nil)
        #expect(try await browser.get("/account").page().template == "sign-in")
        #expect(try await other.get("/account").page().template == "account")
        #expect(try await issuer.refresh(token).status == .ok)
        let ended = try await issuer.recorded().filter { $0.event == "signed_out" }
        #expect(ended.map(\.session) == [own])
        #expect(ended.map(\.user) == [alice.id.rawValue])
    }

    @Test("another site can't sign the user out through the account page")
    func forgedSignOut() async throws {
        let browser = Browser(try await TestIssuer())
        _ = try await browser.code()
        for form in [[("here", "yes")], [("here", "yes"), ("form_token", "forged")]] {
            #expect(try await browser.request(.post, "/account/sessions", form: form).status == .forbidden)
        }
        #expect(try await browser.get("/account").page().template == "account")
    }

    @Test("ending one session or all of them ends their offline access", arguments: [true, false])
    func offlineAccess(_ isEverywhere: Bool) async throws {
        let issuer = try await TestIssuer()
        let (thief, owner) = (Browser(issuer), Browser(issuer))
        let token = try #require(
            try await issuer.redeem(thief.code(scope: "openid offline_access")).json()["refresh_token"]?.string)
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        let theirs = try #require(
            try await issuer.stores.sessions.sessions(of: alice.id, at: issuer.clock.now).first)
        let page = try await signIn(owner)
        let own = try #require(
            try await issuer.redeem(owner.code(scope: "openid offline_access")).json()["refresh_token"]?.string)
        _ = try await owner.request(
            .post, "/account/sessions",
            form: [
                ("form_token", page.text("form_token")),
                isEverywhere ? ("everywhere", "yes") : ("end", theirs.id.rawValue),
            ])
        #expect(try await issuer.refresh(token).json()["error"] == "invalid_grant")
        #expect(try await issuer.refresh(own).status == (isEverywhere ? .badRequest : .ok))
    }

    @Test("a new password ends every session, and the old password stops working")
    func password() async throws {
        let issuer = try await TestIssuer()
        let (one, two) = (Browser(issuer), Browser(issuer))
        _ = try await signIn(one)
        let page = try await signIn(two, "/account/password")
        #expect(try await two.submit(page, [("password", "short")]).page().hasError("too_short"))
        #expect(try await two.submit(page, [("password", "a much better one")]).page().template == "done")
        for browser in [one, two] { #expect(try await browser.get("/account").page().template == "sign-in") }
        let form = try await two.get("/account").page()
        let old = try await two.submit(form, [("username", "alice"), ("password", "correct horse")]).page()
        #expect(old.hasError("credentials"))
        let new = try await two.submit(form, [("username", "alice"), ("password", "a much better one")]).page()
        #expect(new.template == "account")
        let records = try await issuer.recorded()
        let changed = try #require(records.first { $0.event == "password_changed" })
        // The session that made the change, although it ended along with the others.
        #expect(changed.session != nil)
        #expect(changed.session == records.filter { $0.event == "signed_in" }.dropFirst().first?.session)
    }

    @Test("an accepted invitation is recorded once, for the new account")
    func invitation() async throws {
        let issuer = try await TestIssuer(signUp: .invitation)
        let address = try #require(MailAddress("dora@example.org"))
        let query = try issuer.provider.invitation(for: address).split(separator: "?").last.map(String.init) ?? ""
        let browser = Browser(issuer)
        let page = try await browser.request(.get, "/invitation", query: query).page()
        let fields = [("name", "Dora"), ("password", "a dormouse in a teapot")]
        #expect(try await browser.submit(page, fields).page().text("title") == "text.account_made_title")
        #expect(try await browser.submit(page, fields).status == .gone)
        let dora = try #require(try await issuer.stores.users.find(named: address.text))
        let accepted = try await issuer.recorded().filter { $0.event == "invitation_accepted" }
        #expect(accepted.map(\.user) == [dora.id.rawValue])
    }

    @Test("an account is deleted once its owner confirms the username")
    func deletion() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await signIn(browser, "/account/delete")
        #expect(try await browser.submit(page, [("username", "bob")]).page().hasError("name"))
        #expect(try await browser.submit(page, [("username", "Alice")]).page().template == "done")
        #expect(try await issuer.stores.users.find(named: "alice") == nil)
        #expect(try await browser.get("/account").page().template == "sign-in")
    }

    @Test("users edit their own profile, and a concurrent change isn't overwritten")
    func profile() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await signIn(browser, "/account/profile")
        let before = try #require(try await issuer.stores.users.find(named: "alice"))
        issuer.clock.advance(by: 1)
        let fields = [("name", "  Alice \n P. Liddell "), ("given_name", "Alice"), ("email_verified", "false")]
        #expect(try await browser.submit(page, fields).page().template == "account")
        let after = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(after.claims["name"] == "Alice P. Liddell" && after.claims["given_name"] == "Alice")
        #expect(after.isEmailVerified && after.claims["address"] == before.claims["address"])
        #expect(after.claims["email_verified"] == nil)
        // A change based on the old claims is rejected.
        #expect(try await !issuer.stores.users.changeProfile(of: before, to: [:], [:], at: issuer.clock.now))
        let long = try await browser.submit(page, [("name", String(repeating: "x", count: 256))]).page()
        #expect(long.hasError("too_long"))
    }

    @Test("recent activity is shown latest first, and every event has a description")
    func activity() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await addApp(issuer, browser)
        try await issuer.audit.flush()
        let shown = try await browser.get("/account").page().list("activity").map { $0.text("what") }
        #expect(shown == ["text.activity_factor_enrolled", "text.activity_signed_in"])
        let texts = try JSONObject(parsing: Array(Templates.files["locales/en.json", default: ""].utf8))
        for event in RecentActivity.events { #expect(texts["activity_\(event)"] != nil, "\(event)") }
    }

    @Test("recent activity is complete even after many events caused by applications")
    func busyActivity() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        for _ in 0..<2 {
            for _ in 0..<600 {
                issuer.audit.record(.tokensIssued(grant: .refreshToken, scope: ["openid"]), user: alice.id)
            }
            issuer.clock.advance(by: 1)
        }
        for _ in 0..<12 { issuer.audit.record(.emailVerified, user: alice.id) }
        issuer.clock.advance(by: 1)
        _ = try await signIn(browser)
        try await issuer.audit.flush()
        let shown = try await browser.get("/account").page().list("activity").map { $0.text("what") }
        #expect(shown == ["text.activity_signed_in"] + Array(repeating: "text.activity_email_verified", count: 9))
    }

    @Test("the download contains the stored data but no secrets")
    func download() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let secret = try await addApp(issuer, browser)
        let response = try await browser.get("/account/data")
        #expect(response.headers[.contentDisposition]?.hasPrefix("attachment") == true)
        let document = try response.json()
        #expect(document["email"] == "alice@example.com")
        #expect(document["authenticator_apps"]?.array?.count == 1)
        #expect(document["networks"]?.array?.first?.object?["network"] == "127.0.0.0/24")
        let text = String(decoding: document.serialized(), as: UTF8.self)
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        for hidden in [secret.replacing(" ", with: ""), try #require(alice.passwordHash)] {
            #expect(!text.contains(hidden))
        }
        // Audited, because the user at an unattended browser may be someone else.
        try await issuer.audit.flush()
        var query = AuditQuery()
        (query.user, query.events) = (alice.id.rawValue, ["exported"])
        #expect(
            try await issuer.stores.audit.find(query).map(\.record.details) == [
                ["what": "personal_data", "records": 1]
            ])
    }
}
