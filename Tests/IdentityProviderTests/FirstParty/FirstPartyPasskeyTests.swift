import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("The first-party API: passkeys (WebAuthn L3)")
struct FirstPartyPasskeyTests {
    /// Alice with a passkey, and a front end at the issuer's origin.
    private func person(_ engine: TestEngine = .sqlite) async throws -> (person: PasskeyPerson, front: FrontEnd) {
        let issuer = try await TestIssuer(database: TestDatabase(engine))
        var person = try PasskeyPerson(issuer)
        try await person.enrol()
        return (person, FrontEnd(issuer))
    }

    private func ticket(_ front: FrontEnd) async throws -> String {
        let due = try await front.login()
        #expect(due["factors"] == ["passkey"])
        return try #require(due["ticket"]?.string)
    }

    /// The options that the API returns for the authenticator.
    private func options(_ front: FrontEnd, _ ticket: String) async throws -> JSONObject {
        let asked = try await front.post("mfa", #""ticket":"\#(ticket)","factor":"passkey""#)
        #expect(asked.status == .ok)
        #expect(try asked.json().names == ["publicKey"])
        return try #require(try asked.json()["publicKey"]?.object)
    }

    private func answer(_ front: FrontEnd, _ ticket: String, _ credential: String) async throws -> Response {
        try await front.post("mfa", #""ticket":"\#(ticket)","factor":"passkey","credential":\#(credential)"#)
    }

    @Test("a ticket yields a challenge, and its answer yields tokens once", arguments: TestEngine.allCases)
    func once(_ engine: TestEngine) async throws {
        let (person, front) = try await person(engine)
        let ticket = try await ticket(front)
        let options = try await options(front, ticket)
        #expect(options["rpId"] == "id.example.com")
        #expect(options["allowCredentials"]?.array?.count == 1)
        #expect(try Base64URL.decode(options["challenge"]?.string ?? "").count == 32)
        #expect(try await self.options(front, ticket) == options)
        let credential = try person.authenticator.get(options)
        let answers = try await race(6) { _ in try await answer(front, ticket, credential) }
        #expect(answers.count { $0.status == .ok } == 1)
        #expect(answers.count { $0.problem == "authentication_failed" } == 5)
        let tokens = try #require(try answers.first { $0.status == .ok }?.json())
        let claims = try JWT.unverifiedClaims(of: tokens["access_token"]?.string ?? "")
        #expect(claims["acr"] == "urn:martlet:acr:3")
        #expect(claims["amr"] == ["pwd", "hwk", "user", "mfa"])
        #expect(try await answer(front, ticket, credential).status == .unauthorized)
    }

    @Test("an answer works only with the ticket whose challenge it signs, and a page's challenge doesn't count")
    func otherTicket() async throws {
        let (person, front) = try await person()
        let (own, other) = (try await ticket(front), try await ticket(front))
        let options = try await options(front, own)
        #expect(try await self.options(front, other)["challenge"] != options["challenge"])
        let credential = try person.authenticator.get(options)
        #expect(try await answer(front, other, credential).problem == "authentication_failed")
        let page = try await person.browser.authorize(Browser.webRequest()).page()
        let paged = try person.authenticator.get(page.passkey.options)
        #expect(try await answer(front, own, paged).problem == "authentication_failed")
        #expect(try await person.answer(page, credential).headers[values: .setCookie].isEmpty)
        #expect(try await answer(front, own, credential).status == .ok)
    }

    @Test("ten minutes after the password, no challenge is issued and no answer accepted")
    func late() async throws {
        let (person, front) = try await person()
        let ticket = try await ticket(front)
        let credential = try person.authenticator.get(await options(front, ticket))
        front.issuer.clock.advance(by: 600)
        #expect(try await answer(front, ticket, credential).problem == "authentication_failed")
        let asked = try await front.post("mfa", #""ticket":"\#(ticket)","factor":"passkey""#)
        #expect(asked.problem == "authentication_failed")
    }

    @Test(
        "an answer given to another origin is refused",
        arguments: ["https://app.example.com", "https://id.example.com.evil.example", "http://id.example.com", "null"])
    func origin(_ origin: String) async throws {
        var (person, front) = try await person()
        let ticket = try await ticket(front)
        let honest = try person.authenticator.get(await options(front, ticket))
        person.authenticator.origin = origin
        let phished = try person.authenticator.get(await options(front, ticket))
        #expect(try await answer(front, ticket, phished).problem == "authentication_failed")
        #expect(try await answer(front, ticket, honest).status == .ok)
    }

    @Test("another user's passkey is refused, whatever user handle it claims")
    func otherUser() async throws {
        let (alice, front) = try await person()
        try await front.issuer.apply(#"{"users": [{"username": "mallory", "password": "mallory's own"}]}"#)
        var mallory = try PasskeyPerson(front.issuer)
        try await mallory.enrol("mallory", "mallory's own")
        let ticket = try await ticket(front)
        let options = try await options(front, ticket)
        #expect(try await answer(front, ticket, mallory.authenticator.get(options)).status == .unauthorized)
        mallory.authenticator.userHandle = alice.authenticator.userHandle
        #expect(try await answer(front, ticket, mallory.authenticator.get(options)).status == .unauthorized)
    }

    @Test("wrong answers are throttled together with wrong codes")
    func guessing() async throws {
        let (person, front) = try await person()
        let ticket = try await ticket(front)
        let options = try await options(front, ticket)
        var forger = try SoftwareAuthenticator()
        forger.credentialID = person.authenticator.credentialID
        for _ in 0..<5 { #expect(try await answer(front, ticket, forger.get(options)).status == .unauthorized) }
        let right = try person.authenticator.get(options)
        #expect(try await answer(front, ticket, right).status == .tooManyRequests)
        front.issuer.clock.advance(by: 2)
        #expect(try await answer(front, ticket, right).status == .ok)
    }

    @Test(
        "a credential that isn't a JSON object is refused before anything is checked",
        arguments: [
            #""{}""#, "[]", "1", "null", "true", #"{"response":"#, #"{"type":"public-key","type":"public-key"}"#,
            String(repeating: #"{"a":"#, count: 9) + "1" + String(repeating: "}", count: 9),
            #"{"id":"\#(String(repeating: "A", count: 20_000))"}"#,
        ])
    func malformed(_ credential: String) async throws {
        let (_, front) = try await person()
        #expect(try await answer(front, ticket(front), credential).problem == "invalid_request")
    }

    @Test(
        "an object that isn't an authenticator response counts as a wrong answer",
        arguments: ["{}", #"{"type":"public-key"}"#])
    func empty(_ credential: String) async throws {
        let (_, front) = try await person()
        #expect(try await answer(front, ticket(front), credential).problem == "authentication_failed")
    }

    @Test("each factor has its own member, and objects are allowed nowhere else")
    func members() async throws {
        let (_, front) = try await person()
        let ticket = try await ticket(front)
        for members in [
            #""ticket":"\#(ticket)","factor":"passkey","code":"123456""#,
            #""ticket":"\#(ticket)","factor":"passkey","code":"123456","credential":{}"#,
            #""ticket":{"credential":{}},"factor":"passkey""#,
        ] {
            #expect(try await front.post("mfa", members).problem == "invalid_request")
        }
        let bob = try #require(try await front.login(FrontEnd.bob)["ticket"]?.string)
        let mixed = try await front.post("mfa", #""ticket":"\#(bob)","factor":"totp","credential":{}"#)
        #expect(mixed.problem == "invalid_request")
        #expect(try await front.post("login", #""username":"alice","credential":{}"#).problem == "invalid_request")
    }
}
