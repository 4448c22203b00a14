import FoundationEssentials
import HTTPTypes
import JOSE
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("The first-party API: sign-up")
struct FirstPartyRegisterTests {
    private let mailbox = TestMailbox()

    private func front(mail: Bool = true, signUp: SignUpPolicy = .open, engine: TestEngine = .sqlite) async throws
        -> FrontEnd
    {
        FrontEnd(
            try await TestIssuer(database: TestDatabase(engine), mailbox: mail ? mailbox : nil, signUp: signUp))
    }

    private static let dora = #""username":"Dora","password":"a dormouse in a teapot""#

    private func user(_ name: String, at front: FrontEnd) async throws -> User? {
        try await front.issuer.stores.users.find(named: name)
    }

    @Test("a username and password create an account, even if no email can be sent", arguments: TestEngine.allCases)
    func name(_ engine: TestEngine) async throws {
        let front = try await front(mail: false, engine: engine)
        let made = try await front.post("register", Self.dora + #","name":"Dora  Maar ""#)
        #expect(made.status == .created)
        let answer = try made.json()
        #expect(answer.names.sorted() == ["next", "user_id", "username"])
        #expect(made.headers[.setCookie] == nil)
        let tokens = try await front.login(#""username":"dora","password":"a dormouse in a teapot""#)
        #expect(tokens["user_id"] == answer["user_id"])
        let profile = try await front.get("self", tokens["access_token"]?.string).json()
        #expect(profile["username"] == "Dora")
        #expect(profile["name"] == "Dora Maar")
        #expect(profile["email"] == nil)
        #expect(profile["roles"] == [])
        var query = AuditQuery()
        query.user = answer["user_id"]?.string
        query.events = ["account_created"]
        let records = try await front.issuer.recorded(query)
        #expect(records.map(\.client) == ["first-party"])
        #expect(records.map { $0.details["origin"] } == ["sign_up"])
    }

    @Test(
        "nobody can create an account, by username or by email, unless sign-up is open",
        arguments: [SignUpPolicy.off, .invitation])
    func closed(_ policy: SignUpPolicy) async throws {
        let front = try await front(signUp: policy)
        for members in [Self.dora, #""email":"dora@example.org""#] {
            let answer = try await front.post("register", members)
            #expect(answer.status == .forbidden)
            #expect(answer.problem == "registration_closed")
        }
        #expect(try await user("dora", at: front) == nil)
    }

    @Test("of concurrent registrations of one username, one succeeds", arguments: TestEngine.allCases)
    func race(_ engine: TestEngine) async throws {
        let front = try await front(engine: engine)
        let answers = try await TestSupport.race(8) { number in
            try await front.post(
                "register", #""username":"\#(number % 2 == 0 ? "dora" : "DORA")","password":"password of \#(number)""#)
        }
        #expect(answers.count { $0.status == .created } == 1)
        #expect(answers.count { $0.problem == "username_taken" } == 7)
    }

    @Test("an existing username is taken, whatever its case, and the account doesn't change")
    func taken() async throws {
        let front = try await front()
        let before = try await user("alice", at: front)
        for name in ["alice", "ALICE", "carol"] {
            let answer = try await front.post("register", #""username":"\#(name)","password":"a dormouse in a teapot""#)
            #expect(answer.status == .conflict)
            #expect(answer.problem == "username_taken")
        }
        #expect(try await user("alice", at: front) == before)
    }

    @Test(
        "a username can't be an email address, a link or a lookalike",
        arguments: [
            "victim@example.com", "alice@example.com", "evil.example", "al", "-alice", "alice_", "al ice", "аlice",
            "alice\u{200B}", "ａｌｉｃｅ", "<b>alice</b>", String(repeating: "a", count: 65),
        ])
    func username(_ name: String) async throws {
        let front = try await front()
        let answer = try await front.post("register", #""username":"\#(name)","password":"a dormouse in a teapot""#)
        #expect(answer.status == .badRequest)
        #expect(answer.problem == "invalid_request")
        #expect(try await front.issuer.stores.users.list(after: nil, limit: 10).count == 3)
    }

    @Test(
        "passwords must satisfy the same rules as on the pages",
        arguments: [
            ("short", "too_short"), ("password", "common"), ("dora-maar", "known"), ("Dora@Example.org", "known"),
            (String(repeating: "x", count: 257), "too_long"),
        ])
    func password(_ password: String, _ reason: String) async throws {
        let front = try await front()
        let answer = try await front.post(
            "register", #""username":"dora-maar","password":"\#(password)","email":"dora@example.org""#)
        #expect(answer.status == .badRequest)
        #expect(answer.problem == "password_refused")
        #expect(try answer.json()["reason"]?.string == reason)
        #expect(try await user("dora-maar", at: front) == nil)
    }

    @Test(
        "an incomplete or invalid registration is refused",
        arguments: [
            #""username":"dora""#, #""password":"a dormouse in a teapot""#, "", #""name":"Dora""#,
            #""email":"dora@example.org","name":"Dora""#, dora + #","email":"no address""#,
            dora + #","email_verified":"true""#, dora + #","roles":"admin""#,
            dora + #","name":"\#(String(repeating: "x", count: 256))""#,
        ])
    func malformed(_ members: String) async throws {
        let front = try await front()
        let answer = try await front.post("register", members)
        #expect(answer.problem == "invalid_request")
        #expect(try await user("dora", at: front) == nil)
        try await front.issuer.deliver()
        #expect(mailbox.all.isEmpty)
    }

    @Test("an email address is refused if no email can be sent to verify it")
    func noMail() async throws {
        let front = try await front(mail: false)
        for members in [Self.dora + #","email":"dora@example.org""#, #""email":"dora@example.org""#] {
            #expect(try await front.post("register", members).problem == "invalid_request")
        }
        #expect(try await user("dora", at: front) == nil)
    }

    @Test("an address belongs to the account only after its link was opened", arguments: TestEngine.allCases)
    func address(_ engine: TestEngine) async throws {
        let front = try await front(engine: engine)
        #expect(try await front.post("register", Self.dora + #","email":"dora@example.org""#).status == .created)
        try await front.issuer.deliver()
        let letter = try #require(mailbox.all.first)
        #expect(letter.kind == "new_email")
        #expect(letter.recipient.text == "dora@example.org")
        #expect(letter.text("username") == "Dora")

        let byAddress = #""email":"dora@example.org","password":"a dormouse in a teapot""#
        #expect(try await front.post("login", byAddress).problem == "authentication_failed")
        try await front.issuer.provider.mail.add(.passwordReset(name: "dora@example.org"))
        try await front.issuer.provider.mail.add(.passwordReset(name: "dora"))
        try await front.issuer.deliver()
        #expect(mailbox.kinds == ["new_email"])

        let browser = Browser(front.issuer)
        let page = try await browser.open(letter, at: front.issuer).page()
        #expect(page.text("username") == "Dora")
        #expect(try await user("dora@example.org", at: front) == nil)
        _ = try await browser.submit(page, [])
        let proven = try #require(try await user("dora@example.org", at: front))
        #expect(proven.username == "Dora")
        #expect(proven.isEmailVerified)
        #expect(try await front.post("login", byAddress).status == .ok)
    }

    @Test("naming another person's address doesn't keep its owner from signing up, and the link is void afterward")
    func capture() async throws {
        let front = try await front()
        #expect(try await front.post("register", Self.dora + #","email":"victim@example.org""#).status == .created)
        try await front.issuer.deliver()
        let lure = try #require(mailbox.all.last)
        #expect(try await front.post("register", #""email":"victim@example.org""#).status == .accepted)
        try await front.issuer.deliver()
        let own = try #require(mailbox.all.last)
        #expect(own.kind == "sign_up")
        let browser = Browser(front.issuer)
        let form = try await browser.open(own, at: front.issuer).page()
        _ = try await browser.submit(form, [("name", "Victim"), ("password", "nobody else's words")])
        let late = try await browser.open(lure, at: front.issuer).page()
        #expect(try await browser.submit(late, []).status == .gone)
        #expect(try await user("victim@example.org", at: front)?.username == "victim@example.org")
        #expect(try await user("dora", at: front)?.email == nil)
    }

    @Test("the response doesn't reveal whether an address has an account, but its owner gets an email")
    func enumeration() async throws {
        let front = try await front()
        func register(_ name: String, _ email: String) async throws -> Response {
            try await front.post(
                "register", #""username":"\#(name)","password":"a dormouse in a teapot","email":"\#(email)""#)
        }
        let (free, known) = (
            try await register("dora", "dora@example.org"), try await register("eric", "alice@example.com")
        )
        #expect(free.status == known.status)
        #expect(free.headers == known.headers)
        #expect(try free.json().names == known.json().names)
        try await front.issuer.deliver()
        #expect(
            Set(mailbox.all.map { "\($0.kind) \($0.recipient.text)" }) == [
                "new_email dora@example.org", "address_taken alice@example.com",
            ])
        #expect(try await user("eric", at: front)?.email == nil)
    }

    @Test("each network has an hourly limit, which doesn't affect other networks")
    func flood() async throws {
        let front = try await front()
        var last: Response?
        for _ in 0..<120 {
            last = try await front.post("register", #""username":"alice","password":"a dormouse in a teapot""#)
        }
        #expect(last?.status == .conflict)
        let late = try await front.post("register", Self.dora)
        #expect(late.status == .tooManyRequests)
        #expect(late.headers[.retryAfter] != nil)
        #expect(try await user("dora", at: front) == nil)
        let elsewhere = try await front.issuer.call(
            .post, "/api/auth/register", "{\(Self.dora)}", from: "198.51.100.7")
        #expect(elsewhere.status != .tooManyRequests)
        #expect(try await user("dora", at: front) != nil)
    }

    @Test("emails to one address are limited as on the sign-up page, but accounts are still created")
    func recipient() async throws {
        let front = try await front()
        let count = MailRequests.perRecipient + 4
        for number in 0..<count {
            let members = #""username":"dora\#(number)","password":"a dormouse in a teapot","email":"dora@example.org""#
            let made = try await front.issuer.call(
                .post, "/api/auth/register", "{\(members)}", from: "198.51.\(number).7")
            #expect(made.status == .created)
        }
        #expect(
            try await front.issuer.stores.mailOutbox.depth(at: front.issuer.clock.now) == MailRequests.perRecipient)
        // An address that reached its limit still counts against the limit of the network.
        var statuses: Set<HTTPResponse.Status> = []
        for _ in 0...Limits().emailsPerNetwork {
            statuses.insert(try await front.post("register", Self.dora + #","email":"dora@example.org""#).status)
        }
        #expect(statuses == [.created, .conflict, .tooManyRequests])
    }

    @Test("an email counts like a sign-up on the page: for the network, the recipient and all sign-ups")
    func shares() async throws {
        let front = try await front()
        func shares() async throws -> Set<String> {
            try await front.issuer.database.database.read { connection in
                Set(try connection.query("SELECT name FROM attempts", []).map { try $0.text(0) })
            }
        }
        _ = try await front.post("register", Self.dora + #","email":"dora@example.org""#)
        let counted = try await shares()
        #expect(counted.count == 3)
        #expect(try await front.post("register", #""email":"dora@example.org""#).status == .accepted)
        #expect(try await shares() == counted)
    }

    @Test("a third-party client can't create accounts")
    func thirdParty() async throws {
        let front = try await front()
        #expect(try await front.post("register", Self.dora + #","client_id":"web""#).problem == "invalid_client")
        #expect(try await user("dora", at: front) == nil)
    }
}
