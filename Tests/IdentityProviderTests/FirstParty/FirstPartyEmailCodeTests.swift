import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("The first-party API: email codes")
struct FirstPartyEmailCodeTests {
    private let mailbox = TestMailbox()
    private static let rule = """
        {"roles": [{"name": "admin", "permissions": [], "minimum_acr": "urn:martlet:acr:2"}],
         "users": [{"username": "alice", "password": "correct horse", "roles": ["admin"], "email": "alice@example.com",
                    "email_verified": true}]}
        """

    private func front(_ engine: TestEngine = .sqlite) async throws -> FrontEnd {
        let issuer = try await TestIssuer(database: TestDatabase(engine), mailbox: mailbox)
        _ = try await issuer.administration.apply(ResourceSet(JSONObject(parsing: Array(Self.rule.utf8))))
        return FrontEnd(issuer)
    }

    private func ticket(_ front: FrontEnd) async throws -> String {
        let due = try await front.login()
        #expect(due["factors"] == ["email_code"])
        return try #require(due["ticket"]?.string)
    }

    private func ask(_ front: FrontEnd, _ ticket: String, factor: String = "email_code") async throws -> Response {
        try await front.post("mfa", #""ticket":"\#(ticket)","factor":"\#(factor)""#)
    }

    /// Requests a code and reads it from the mailbox.
    private func code(_ front: FrontEnd, _ ticket: String) async throws -> String {
        let asked = try await ask(front, ticket)
        #expect(asked.status == .accepted)
        #expect(try asked.json() == ["next": "code"])
        try await front.issuer.deliver()
        return try #require(mailbox.all.last { $0.kind == "code" }).text("code")
    }

    private func wrong(_ code: String) -> String { code == "00000000" ? "00000001" : "00000000" }

    @Test("once email codes are switched off, earlier tickets get none and codes already sent stop working")
    func off() async throws {
        let front = try await front()
        let ticket = try await ticket(front)
        let code = try await code(front, ticket)
        let strict = FrontEnd(
            try await TestIssuer(clock: front.issuer.clock, database: front.issuer.database, mailbox: mailbox) {
                $0.acceptsEmailCodes = false
            })
        _ = try await strict.issuer.administration.apply(ResourceSet(JSONObject(parsing: Array(Self.rule.utf8))))
        #expect(try await ask(strict, ticket).problem == "authentication_failed")
        #expect(try await strict.mfa(ticket, code, factor: "email_code").problem == "authentication_failed")
        #expect(try await strict.post("login", FrontEnd.alice).problem == "enrolment_required")
        #expect(try await front.mfa(ticket, code, factor: "email_code").status == .ok)
    }

    @Test("a code is sent on request and completes the sign-in once", arguments: TestEngine.allCases)
    func once(_ engine: TestEngine) async throws {
        let front = try await front(engine)
        let ticket = try await ticket(front)
        try await front.issuer.deliver()
        #expect(mailbox.all.isEmpty)
        let code = try await code(front, ticket)
        #expect(code.count == 8 && code.allSatisfy(\.isNumber))
        #expect(mailbox.all.last?.recipient.text == "alice@example.com")
        let answers = try await race(6) { _ in try await front.mfa(ticket, code, factor: "email_code") }
        #expect(answers.count { $0.status == .ok } == 1)
        #expect(answers.count { $0.problem == "authentication_failed" } == 5)
        let tokens = try #require(try answers.first { $0.status == .ok }?.json())
        let claims = try JWT.unverifiedClaims(of: tokens["access_token"]?.string ?? "")
        #expect(claims["amr"] == ["pwd", "otp", "mfa"])
        #expect(claims["acr"] == "urn:martlet:acr:2")
        #expect(try await front.mfa(ticket, code, factor: "email_code").status == .unauthorized)
        #expect(try await ask(front, ticket).status == .unauthorized)
    }

    @Test("repeated sign-ins can't flood the mailbox, and codes are available again after an hour")
    func mailbox() async throws {
        let front = try await front()
        for _ in 0..<10 { #expect(try await ask(front, ticket(front)).status == .accepted) }
        #expect(try await ask(front, ticket(front)).status == .tooManyRequests)
        front.issuer.clock.advance(by: 3_600)
        #expect(try await ask(front, ticket(front)).status == .accepted)
    }

    @Test("a code works only with the ticket it was sent for, not with another ticket of the same user")
    func otherTicket() async throws {
        let front = try await front()
        let (own, thief) = (try await ticket(front), try await ticket(front))
        let code = try await code(front, own)
        #expect(try await front.mfa(thief, code, factor: "email_code").problem == "authentication_failed")
        // Even after a code was sent for the other ticket.
        #expect(try await self.code(front, thief) != code)
        #expect(try await front.mfa(thief, code, factor: "email_code").problem == "authentication_failed")
        #expect(try await front.mfa(own, " \(code)", factor: "email_code").status == .ok)
    }

    @Test("a ticket issued before an authenticator app was enrolled can't be completed with an email code")
    func better() async throws {
        let front = try await front()
        let ticket = try await ticket(front)
        let code = try await code(front, ticket)
        try await front.issuer.enroll("alice")
        #expect(try await front.mfa(ticket, code, factor: "email_code").problem == "authentication_failed")
        #expect(try await ask(front, ticket).problem == "authentication_failed")
    }

    @Test("ten minutes after the password, codes are neither accepted nor sent")
    func late() async throws {
        let front = try await front()
        let ticket = try await ticket(front)
        front.issuer.clock.advance(by: 300)
        let code = try await code(front, ticket)
        front.issuer.clock.advance(by: 300)
        #expect(try await front.mfa(ticket, code, factor: "email_code").problem == "authentication_failed")
        #expect(try await ask(front, ticket).problem == "authentication_failed")
    }

    @Test("wrong codes are throttled as on the pages, across all tickets")
    func guessing() async throws {
        let front = try await front()
        let ticket = try await ticket(front)
        let code = try await code(front, ticket)
        for _ in 0..<5 {
            #expect(try await front.mfa(ticket, wrong(code), factor: "email_code").status == .unauthorized)
        }
        #expect(try await front.mfa(ticket, code, factor: "email_code").status == .tooManyRequests)
        let other = try await self.ticket(front)
        #expect(try await front.mfa(other, code, factor: "email_code").status == .tooManyRequests)
        front.issuer.clock.advance(by: 2)
        #expect(try await front.mfa(ticket, code, factor: "email_code").status == .ok)
    }

    @Test("requesting again resends the same code, at most three times in total")
    func again() async throws {
        let front = try await front()
        let ticket = try await ticket(front)
        let codes = [try await code(front, ticket), try await code(front, ticket), try await code(front, ticket)]
        #expect(Set(codes).count == 1)
        let fourth = try await ask(front, ticket)
        #expect(fourth.status == .tooManyRequests)
        #expect(fourth.headers[.retryAfter] == "600")
        try await front.issuer.deliver()
        #expect(mailbox.kinds == ["code", "code", "code"])
        #expect(try await front.mfa(ticket, codes[0], factor: "email_code").status == .ok)
    }

    @Test("no code is sent if the ticket doesn't ask for one, or after the password has changed")
    func unasked() async throws {
        let front = try await front()
        let bob = try #require(try await front.login(FrontEnd.bob)["ticket"]?.string)
        #expect(try await ask(front, bob).problem == "authentication_failed")
        #expect(try await ask(front, bob, factor: "totp").problem == "invalid_request")
        let ticket = try await ticket(front)
        let alice = try #require(try await front.issuer.stores.users.find(named: "alice"))
        try await front.issuer.administration.setPassword("another password", of: alice)
        #expect(try await ask(front, ticket).problem == "authentication_failed")
        try await front.issuer.deliver()
        #expect(!mailbox.kinds.contains("code"))
    }
}
