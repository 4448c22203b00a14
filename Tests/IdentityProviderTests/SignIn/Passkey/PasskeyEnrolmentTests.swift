import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("WebAuthn L3: managing passkeys")
struct PasskeyEnrolmentTests {
    private func passkeys(_ issuer: TestIssuer, of name: String = "alice") async throws -> [Passkey] {
        let user = try #require(try await issuer.stores.users.find(named: name))
        return try await issuer.stores.passkeys.passkeys(of: user.id)
    }

    @Test("a new passkey is stored with the name the user gave it")
    func add() async throws {
        let issuer = try await TestIssuer()
        var person = try PasskeyPerson(issuer)
        person.authenticator.flags = 0b11101
        person.authenticator.signCount = 3
        let page = try await person.account()
        let options = page.passkey.options
        #expect(options["rp"]?.object?["id"] == "id.example.com")
        #expect(options["excludeCredentials"] == [])
        #expect(options["attestation"] == "none")
        #expect(try await person.add(on: page, named: "  My \n phone ").status == .seeOther)
        let kept = try #require(try await passkeys(issuer).first)
        #expect(kept.name == "My phone" && kept.credentialID == person.authenticator.credentialID)
        #expect(kept.signCount == 3 && kept.isBackupEligible && kept.isBackedUp)
        #expect(kept.transports == ["internal", "hybrid"] && kept.isUserVerificationInitialized)
        // The same authenticator must not be enrolled twice.
        let next = try await person.browser.get("/account/passkeys").page().passkey.options
        #expect(
            next["excludeCredentials"]?.array?.first?.object?["id"]
                == .string(Base64URL.encode(person.authenticator.credentialID)))
    }

    @Test("the user handle is 32 random bytes, stable per user and independent of the username")
    func handle() async throws {
        let issuer = try await TestIssuer()
        let first = try await PasskeyPerson(issuer).account().passkey.options["user"]?.object
        let second = try await PasskeyPerson(issuer).account().passkey.options["user"]?.object
        let handle = try Base64URL.decode(first?["id"]?.string ?? "")
        #expect(handle.count == 32)
        #expect(first?["id"] == second?["id"])
        #expect(first?["name"] == "alice" && first?["displayName"] == "Alice Liddell")
    }

    @Test("adding a passkey requires a recent session")
    func stale() async throws {
        let issuer = try await TestIssuer()
        var person = try PasskeyPerson(issuer)
        #expect(try await person.browser.request(.get, "/account/passkeys").status != .ok)
        let page = try await person.account()
        issuer.clock.advance(by: 601)
        // The user must sign in again.
        let response = try await person.browser.follow(person.add(on: page))
        #expect(try response.page().template == "sign-in")
        #expect(try await person.browser.get("/account/passkeys").page().template == "sign-in")
        #expect(try await passkeys(issuer).isEmpty)
        person.browser.forgetCookies()
        #expect(try await person.add(on: page).status == .forbidden)
        #expect(try await passkeys(issuer).isEmpty)
    }

    @Test("a form without a valid token adds no passkey")
    func crossSite() async throws {
        let issuer = try await TestIssuer()
        var person = try PasskeyPerson(issuer)
        let page = try await person.account()
        let credential = try person.authenticator.create(page.passkey.options)
        let response = try await person.browser.request(
            .post, "/account/passkeys",
            form: [("action", "add"), ("ceremony", page.passkey.ceremony), ("credential", credential)])
        #expect(response.status == .forbidden)
        #expect(try await passkeys(issuer).isEmpty)
    }

    @Test("a credential that belongs to another user can't be added")
    func taken() async throws {
        let issuer = try await TestIssuer()
        var alice = try PasskeyPerson(issuer)
        try await alice.enrol()
        _ = try await issuer.administration.apply(
            ResourceSet(["users": [["username": "mallory", "password": "mallory's own"]]]))
        var mallory = try PasskeyPerson(issuer)
        mallory.authenticator.credentialID = alice.authenticator.credentialID
        let response = try await mallory.add(on: mallory.account("mallory", "mallory's own"))
        #expect(try response.page().hasError("refused"))
        #expect(try await passkeys(issuer, of: "mallory").isEmpty)
        #expect(try await alice.claims(alice.answer(alice.signInPage()))["amr"] != nil)
    }

    @Test("an answer enrolls once, and another user's ceremony enrolls nothing")
    func replay() async throws {
        let issuer = try await TestIssuer()
        var person = try PasskeyPerson(issuer)
        let page = try await person.account()
        #expect(try await person.add(on: page).status == .seeOther)
        person.authenticator.credentialID[0] ^= 1
        #expect(try await person.add(on: page).page().hasError("refused"))
        #expect(try await passkeys(issuer).count == 1)
        _ = try await issuer.administration.apply(
            ResourceSet(["users": [["username": "mallory", "password": "mallory's own"]]]))
        var mallory = try PasskeyPerson(issuer)
        let own = try await mallory.account("mallory", "mallory's own")
        var mixed = own
        mixed.data["passkey"] = page.data["passkey"]
        #expect(try await mallory.add(on: mixed).page().hasError("refused"))
        #expect(try await passkeys(issuer, of: "mallory").isEmpty)
    }

    @Test("a dishonest registration is refused")
    func dishonest() async throws {
        let issuer = try await TestIssuer()
        for change in [
            { $0.origin = "https://evil.example" }, { $0.rpID = "example.com" }, { $0.flags = 0b100 },
            { $0.flags = 0b10101 }, { $0.crossOrigin = true }, { $0.trailer = [0] },
        ] as [(inout SoftwareAuthenticator) -> Void] {
            var person = try PasskeyPerson(issuer)
            let page = try await person.account()
            change(&person.authenticator)
            #expect(try await person.add(on: page).page().hasError("refused"))
            // Repeated failures cause a wait.
            issuer.clock.advance(by: 60)
        }
        #expect(try await passkeys(issuer).isEmpty)
    }

    /// Submits the form of one passkey.
    private func change(
        _ person: PasskeyPerson, _ action: String, _ id: String, name: String = "x"
    ) async throws -> Response {
        let page = try await person.browser.get("/account/passkeys").page()
        return try await person.browser.request(
            .post, "/account/passkeys",
            form: [
                ("form_token", page.text("form_token")), ("action", action), ("passkey", id), ("name", name),
            ])
    }

    @Test("only its owner can rename or remove a passkey, and a removed one no longer signs in")
    func own() async throws {
        let issuer = try await TestIssuer()
        var alice = try PasskeyPerson(issuer)
        _ = try await alice.add(on: alice.account())
        let id = try #require(try await passkeys(issuer).first).id.rawValue
        _ = try await issuer.administration.apply(
            ResourceSet(["users": [["username": "mallory", "password": "mallory's own"]]]))
        let mallory = try PasskeyPerson(issuer)
        _ = try await mallory.account("mallory", "mallory's own")
        for action in ["rename", "remove"] {
            #expect(try await change(mallory, action, id).page().hasError("gone"))
        }
        #expect(try await passkeys(issuer).map(\.name) == ["Phone"])
        #expect(try await change(alice, "rename", id, name: "Key").status == .seeOther)
        #expect(try await passkeys(issuer).map(\.name) == ["Key"])
        #expect(try await change(alice, "remove", id).status == .seeOther)
        #expect(try await passkeys(issuer).isEmpty)
        alice.browser.forgetCookies()
        #expect(try await alice.answer(alice.signInPage()).headers[values: .setCookie].isEmpty)
    }

    @Test("the last passkey of an account without a password can't be removed")
    func last() async throws {
        let issuer = try await TestIssuer()
        var person = try PasskeyPerson(issuer)
        _ = try await person.add(on: person.account())
        var user = try #require(try await issuer.stores.users.find(named: "alice"))
        user.passwordHash = nil
        try await issuer.stores.users.save(user)
        let id = try #require(try await passkeys(issuer).first).id.rawValue
        #expect(try await change(person, "remove", id).page().hasError("last"))
        #expect(try await passkeys(issuer).count == 1)
    }
}
