import FoundationEssentials
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Operators help users who lost a second factor")
struct FactorAdministrationTests {
    private let mailbox = TestMailbox()

    private func issuer() async throws -> TestIssuer {
        let issuer = try await TestIssuer(mailbox: mailbox)
        try await issuer.apply(
            #"{"users": [{"username": "bob", "email": "bob@example.com", "email_verified": true}]}"#)
        return issuer
    }

    private func bob(_ issuer: TestIssuer) async throws -> User {
        try #require(try await issuer.stores.users.find(named: "bob"))
    }

    /// The factors that the letters so far name.
    private func told(_ issuer: TestIssuer) async throws -> [String] {
        try await issuer.deliver()
        return mailbox.all.map { "\($0.kind) \($0.text("factor"))" }
    }

    @Test("factors are listed with names and times, without secrets")
    func list() async throws {
        let issuer = try await issuer()
        let user = try await bob(issuer)
        let made = issuer.clock.now
        _ = try await issuer.administration.renewRecoveryCodes(of: user)
        _ = try await issuer.administration.makeAccessCode(for: user, lifetime: 900)
        let factors = try await issuer.administration.factors(of: user)
        #expect(factors.map(\.factor) == [.password, .totp, .recoveryCode, .accessCode])
        #expect(factors.map(\.name) == [nil, "Authenticator", nil, nil])
        #expect(factors.map(\.addedAt) == [nil, made, made, nil])
        #expect(factors[1].id != nil && factors[1].lastUsedAt == nil && factors[2].remaining == 10)
        #expect(factors[3].expiresAt == made + 900)
        let browser = Browser(issuer)
        let page = try await browser.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
        _ = try await browser.submit(page, [("code", try issuer.code())])
        let used = try await issuer.administration.factors(of: user)[1].lastUsedAt
        #expect(used.map { abs($0.timeIntervalSince(made)) <= 30 } == true)
        issuer.clock.advance(by: 901)
        #expect(try await issuer.administration.factors(of: user).map(\.factor) == [.password, .totp, .recoveryCode])
    }

    @Test("a removed factor is gone, audited, and its user told; sessions stay active")
    func remove() async throws {
        let issuer = try await issuer()
        let user = try await bob(issuer)
        let browser = Browser(issuer)
        let page = try await browser.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
        _ = try await browser.submit(page, [("code", try issuer.code())])
        _ = try await issuer.administration.renewRecoveryCodes(of: user)
        _ = try await issuer.administration.makeAccessCode(for: user, lifetime: 900)
        let chosen = try await issuer.administration.factors(of: user).filter { $0.factor != .password }
        #expect(try await issuer.administration.remove(chosen, of: user) == chosen)
        #expect(try await issuer.administration.factors(of: user).map(\.factor) == [.password])
        let records = try await issuer.records("factor_removed")
        #expect(Set(records.map(\.factor)) == ["totp", "recovery_code", "access_code"])
        #expect(records.allSatisfy { $0.user == user.id.rawValue && $0.actor == "system" })
        let letters = try await told(issuer)
        for factor in ["totp", "recovery_code", "access_code"] {
            #expect(letters.contains("factor_removed text.mail_factor_\(factor)"))
        }
        #expect(try await issuer.stores.sessions.sessions(of: user.id, at: issuer.clock.now).count == 1)
    }

    @Test("factors of a disabled user are removed as well, and what is gone is not removed again")
    func disabled() async throws {
        let issuer = try await issuer()
        let user = try await bob(issuer)
        _ = try await issuer.administration.renewRecoveryCodes(of: user)
        try await issuer.administration.setDisabled(true, user)
        // An access code of a disabled user is void; this one is made as if it were not.
        try await issuer.stores.users.setDisabled(user.id, to: false, at: issuer.clock.now)
        _ = try await issuer.administration.makeAccessCode(for: bob(issuer), lifetime: 900)
        try await issuer.stores.users.setDisabled(user.id, to: true, at: issuer.clock.now)
        let chosen = try await issuer.administration.factors(of: user).filter { $0.factor != .password }
        #expect(chosen.map(\.factor) == [.totp, .recoveryCode, .accessCode])
        #expect(try await issuer.administration.remove(chosen, of: bob(issuer)) == chosen)
        #expect(try await issuer.administration.factors(of: user).map(\.factor) == [.password])
        #expect(try await issuer.administration.remove(chosen, of: bob(issuer)) == [])
        #expect(try await issuer.records("factor_removed").count == 3)
    }

    @Test("nothing removes the passkey that is the only way in, nor a factor of another user")
    func last() async throws {
        let issuer = try await issuer()
        var person = try PasskeyPerson(issuer)
        _ = try await person.enrol()
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        try await issuer.stores.users.setPasswordHash(of: alice.id, to: nil, at: issuer.clock.now)
        let passkey = try #require(
            try await issuer.administration.factors(of: alice).first { $0.factor == .passkey })
        await #expect(throws: LastWayIn.self) {
            try await issuer.administration.remove([passkey], of: #require(issuer.stores.users.find(alice.id)))
        }
        // Nor if the password goes at the same moment.
        #expect(try await issuer.administration.remove([passkey], of: alice) == [])
        let other = try await bob(issuer)
        let app = try #require(try await issuer.administration.factors(of: other).first { $0.factor == .totp })
        #expect(try await issuer.administration.remove([app], of: alice) == [])
        #expect(try await issuer.administration.remove([passkey], of: other) == [])
    }

    @Test("new recovery codes void the old ones, and the user is told")
    func recoveryCodes() async throws {
        let issuer = try await issuer()
        let user = try await bob(issuer)
        let old = try await issuer.administration.renewRecoveryCodes(of: user)
        let new = try await issuer.administration.renewRecoveryCodes(of: user)
        #expect(Set(old).isDisjoint(with: new) && new.count == 10)
        let browser = Browser(issuer)
        let asked = try await browser.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
        let page = try await browser.get(
            "/second-factor", [("interaction", asked.text("interaction")), ("factor", "recovery_code")]
        ).page()
        #expect(try await browser.submit(page, [("code", old[0])]).page().hasError("code"))
        #expect(try await browser.submit(page, [("code", new[0])]).page().template == "consent")
        #expect(try await issuer.records("recovery_codes_made").count == 2)
        #expect(try await told(issuer).contains("factor_added text.mail_factor_recovery_code"))
    }

    @Test("an access code is audited with its lifetime, and the user is told; a disabled user gets none")
    func accessCode() async throws {
        let issuer = try await issuer()
        _ = try await issuer.administration.makeAccessCode(for: bob(issuer), lifetime: 900)
        let record = try #require(try await issuer.records("access_code_made").first)
        #expect(record.details == ["seconds": 900] && record.factor == "access_code")
        // The account page doesn't list it, so the letter doesn't say that it does.
        try await issuer.deliver()
        #expect(mailbox.kinds.contains("access_code_made") && !mailbox.kinds.contains("factor_added"))
        try await issuer.administration.setDisabled(true, bob(issuer))
        await #expect(throws: OAuthError.self) {
            try await issuer.administration.makeAccessCode(for: bob(issuer), lifetime: 900)
        }
        #expect(try await issuer.records("access_code_made").count == 1)
    }

    @Test("linked accounts are listed and removed, but not the last way to sign in")
    func linkedAccounts() async throws {
        let house = try await UpstreamCase(["sign_up": "create"], mailbox: mailbox)
        house.upstream.change { $0.userInfo["preferred_username"] = "octocat" }
        _ = try await house.arrive(house.visitor())
        let user = try await house.user("octocat")
        try await house.issuer.link("octocat", to: "gone", subject: "u-9")
        let administration = house.issuer.administration
        let factors = try await administration.factors(of: user)
        #expect(factors.map(\.factor) == [.upstream, .upstream])
        #expect(Set(factors.map(\.name)) == ["up: octocat", "gone: u-9"])
        let (usable, gone) = (
            factors.filter { $0.upstream?.rawValue == "up" }, factors.filter { $0.upstream?.rawValue == "gone" }
        )
        // A link to an upstream that doesn't exist is no way to sign in.
        for chosen in [usable, factors] {
            await #expect(throws: LastWayIn.self) { try await administration.remove(chosen, of: user) }
        }
        #expect(try await administration.factors(of: user).count == 2)
        #expect(try await administration.remove(gone, of: user) == gone)
        try await house.stores.users.setPasswordHash(of: user.id, to: "hash", at: house.issuer.clock.now)
        let current = try await house.user("octocat")
        #expect(try await administration.remove(usable, of: current) == usable)
        #expect(try await administration.remove(usable, of: current) == [])
        let records = try await house.issuer.records("upstream_unlinked")
        #expect(records.map { $0.details["upstream"] } == ["gone", "up"])
        #expect(records.allSatisfy { $0.user == user.id.rawValue && $0.actor == "system" })
        #expect(
            try await told(house.issuer) == [
                "factor_removed text.mail_factor_upstream", "factor_removed text.mail_factor_upstream",
            ])
    }
}
