import FoundationEssentials
import IdentityProvider
import TestSupport
import Testing

@Suite("Emails are delivered once, with retries")
struct MailServiceTests {
    private struct ServerIsAway: Error {}

    @Test("of four nodes that poll concurrently, exactly one sends each email", arguments: TestEngine.allCases)
    func once(_ engine: TestEngine) async throws {
        let (mailbox, database) = (TestMailbox(), try await TestDatabase(engine))
        let issuer = try await TestIssuer(database: database, mailbox: mailbox)
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        var nodes: [TestIssuer] = []
        for _ in 0..<4 { nodes.append(try await TestIssuer(database: database, mailbox: mailbox)) }
        for number in 0..<24 { try await issuer.provider.mail.add(.signInCode(alice.id, code: "\(number)")) }
        #expect(try await issuer.stores.mailOutbox.depth(at: issuer.clock.now) == 24)
        let all = nodes
        _ = try await race(4) { try await all[$0].deliver() }
        #expect(mailbox.all.map { $0.text("code") }.sorted() == (0..<24).map(String.init).sorted())
        #expect(try await issuer.stores.mailOutbox.depth(at: issuer.clock.now) == 0)
    }

    @Test("a failed email is retried with backoff and sent only once")
    func retry() async throws {
        let mailbox = TestMailbox()
        let issuer = try await TestIssuer(mailbox: mailbox)
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        mailbox.fail(with: Array(repeating: ServerIsAway(), count: 3))
        try await issuer.provider.mail.add(.passwordChanged(alice.id))
        for pause in [15.0, 30, 60] {
            try await issuer.deliver()
            issuer.clock.advance(by: pause - 1)
            try await issuer.deliver()
            #expect(mailbox.all.isEmpty)
            issuer.clock.advance(by: 1)
        }
        try await issuer.deliver()
        #expect(mailbox.kinds == ["password_changed"])
        try await issuer.deliver()
        #expect(mailbox.all.count == 1)
    }

    @Test("permanently refused and expired emails are dropped")
    func givenUp() async throws {
        let mailbox = TestMailbox()
        let issuer = try await TestIssuer(mailbox: mailbox)
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        mailbox.fail(with: [MailRefused("550")])
        try await issuer.provider.mail.add(.passwordChanged(alice.id))
        try await issuer.deliver()
        #expect(try await issuer.stores.mailOutbox.depth(at: issuer.clock.now) == 0)
        mailbox.fail(with: Array(repeating: ServerIsAway(), count: 100))
        try await issuer.provider.mail.add(.signInCode(alice.id, code: "1"))
        var attempts = 0
        while try await issuer.stores.mailOutbox.depth(at: issuer.clock.now) > 0, attempts < 100 {
            try await issuer.deliver()
            issuer.clock.advance(by: 15)
            attempts += 1
        }
        // A code expires after ten minutes.
        #expect(attempts <= 40)
        #expect(mailbox.all.isEmpty)
    }

    @Test("the outbox contains no plaintext")
    func sealed() async throws {
        let issuer = try await TestIssuer(mailbox: TestMailbox())
        try await issuer.provider.mail.add(.passwordReset(name: "alice@example.com"))
        let mail = try #require(try await issuer.stores.mailOutbox.due(at: issuer.clock.now, limit: 1).first)
        #expect(!String(decoding: mail.sealedMail, as: UTF8.self).contains("alice"))
    }

    @Test("one address gets a few emails an hour, however many requests and nodes there are")
    func allowance() async throws {
        let mailbox = TestMailbox()
        let issuer = try await TestIssuer(mailbox: mailbox)
        for _ in 0..<12 { try await issuer.provider.mail.add(.passwordReset(name: "ALICE@example.com")) }
        try await issuer.deliver()
        #expect(mailbox.all.count == 4)
        issuer.clock.advance(by: 3_600)
        try await issuer.provider.mail.add(.passwordReset(name: "alice"))
        try await issuer.deliver()
        #expect(mailbox.all.count == 5)
    }
}
