import FoundationEssentials
import HTTPTypes
import JOSE
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Requested emails: hourly limits per recipient and network")
struct MailRequestTests {
    private func ask(_ issuer: TestIssuer, _ name: String, from address: String) async throws -> Response {
        let browser = Browser(issuer, at: address)
        return try await browser.submit(browser.get("/forgot-password").page(), [("username", name)])
    }

    private func request(from address: String) throws -> Request {
        try Request(
            method: .post, path: "/forgot-password", query: nil, headers: [:], body: [], remoteAddress: address)
    }

    @Test("networks that flood don't block emails for others")
    func flood() async throws {
        let mailbox = TestMailbox()
        let issuer = try await TestIssuer(mailbox: mailbox)
        for network in 0..<20 {
            for number in 0..<16 {
                let answer = try await ask(issuer, "name \(network) \(number)", from: "198.51.\(network).7")
                #expect(answer.status == .ok)
            }
        }
        #expect(try await ask(issuer, "alice", from: "203.0.113.9").status == .ok)
        try await issuer.deliver()
        #expect(mailbox.kinds == ["password_reset"])
    }

    @Test("one network's concurrent requests are limited across all nodes", arguments: TestEngine.allCases)
    func network(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(database: TestDatabase(engine), mailbox: TestMailbox())
        let nodes = [MailRequests(issuer.core), MailRequests(issuer.core)]
        let taken = try await race(Limits().emailsPerNetwork + 40) { number in
            // A different address of the network each time.
            let request = try request(from: "198.51.100.\(number)")
            do {
                try await nodes[number % 2].add(.passwordReset(name: "name \(number)"), after: request)
                return true
            } catch let error as OAuthError {
                #expect(error.status == .tooManyRequests)
                return false
            }
        }
        #expect(taken.count(where: \.self) == Limits().emailsPerNetwork)
        #expect(try await issuer.stores.mailOutbox.depth(at: issuer.clock.now) == Limits().emailsPerNetwork)
        #expect(try await ask(issuer, "alice", from: "198.51.100.9").status == .tooManyRequests)
        #expect(try await ask(issuer, "alice", from: "198.51.101.9").status == .ok)
        issuer.clock.advance(by: 3_600)
        #expect(try await ask(issuer, "alice", from: "198.51.100.9").status == .ok)
    }

    @Test(
        "beyond a recipient's limit nothing is sent, and the response stays the same", arguments: ["alice", "nobody"])
    func recipient(_ name: String) async throws {
        let issuer = try await TestIssuer(mailbox: TestMailbox())
        var answers: Set<String> = []
        for number in 0..<(MailRequests.perRecipient + 4) {
            let answer = try await ask(
                issuer, number.isMultiple(of: 2) ? name : name.uppercased(), from: "198.51.\(number).7")
            var page = try answer.page()
            // Each request is a new browser, and the resend form repeats what was entered.
            for own in ["resend", "form_token"] { page.data[own] = nil }
            answers.insert("\(answer.status) \(page.data.map { "\($0.key) \($0.value)" }.sorted())")
        }
        #expect(answers.count == 1)
        #expect(try await issuer.stores.mailOutbox.depth(at: issuer.clock.now) == MailRequests.perRecipient)
    }

    @Test("the counters contain no names or addresses")
    func digests() async throws {
        let issuer = try await TestIssuer(mailbox: TestMailbox())
        _ = try await ask(issuer, "alice@example.com", from: "198.51.100.7")
        let names = try await issuer.database.database.read { connection in
            try connection.query("SELECT name FROM attempts", []).map { try $0.text(0) }
        }
        #expect(names.count == 2)
        #expect(names.allSatisfy { $0.utf8.count == 48 && !$0.contains("alice") })
    }
}
