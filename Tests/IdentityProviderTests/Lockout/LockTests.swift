import Authenticators
import FoundationEssentials
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("An account lockout by guessing is recorded once")
struct LockTests {
    private func locks(_ issuer: TestIssuer) async throws -> [AuditRecord] {
        try await issuer.recorded().filter { $0.event == "account_locked" }
    }

    @Test(
        "concurrent failures on three nodes record one lockout, and another one after a day",
        arguments: TestEngine.allCases)
    func race(_ engine: TestEngine) async throws {
        let database = try await TestDatabase(engine)
        let clock = TestClock()
        var nodes: [TestIssuer] = []
        for _ in 0..<3 { nodes.append(try await TestIssuer(clock: clock, database: database)) }
        let limiters = nodes.map { AttemptLimiter($0.core) }
        let alice = try #require(try await nodes[0].stores.users.find(named: "alice")).id
        for expected in 1...2 {
            _ = try await TestSupport.race(150) { number in
                try await limiters[number % 3].failed([.account("alice"), .address("192.0.2.1")], of: alice)
            }
            for node in nodes { try await node.audit.flush() }
            let records = try await locks(nodes[0])
            #expect(records.count == expected)
            #expect(records.allSatisfy { $0.user == alice.rawValue && $0.outcome == .alarm && $0.actor == "visitor" })
            #expect(records.last?.details["seconds"] == 86_400)
            clock.advance(by: AttemptRule.memory + 1)
        }
    }

    @Test("attempts are refused as throttled, and once the account is locked, as locked")
    func refusals() async throws {
        let front = try await FrontEnd()
        func reasons() async throws -> Set<String> {
            Set(
                try await front.issuer.recorded().filter { $0.event == "sign_in_refused" }
                    .compactMap { $0.details["reason"]?.string })
        }
        func fail() async throws { _ = try await front.post("login", #""username":"alice","password":"guess""#) }
        for _ in 0..<6 { try await fail() }
        #expect(try await reasons() == ["wrong_credential", "throttled"])
        for _ in 0..<100 {
            front.issuer.clock.advance(by: AttemptRule.account.longestWait)
            try await fail()
        }
        #expect(try await reasons() == ["wrong_credential", "throttled", "locked"])
    }

    @Test(
        "a lockout is recorded with its user, or without a name if the username is unknown"
    )
    func password() async throws {
        let front = try await FrontEnd()
        let alice = try await front.issuer.stores.users.find(named: "alice")
        for name in ["alice", "nobody"] {
            for _ in 0..<105 {
                _ = try await front.post("login", #""username":"\#(name)","password":"guess""#)
                front.issuer.clock.advance(by: AttemptRule.account.longestWait)
            }
        }
        #expect(try await locks(front.issuer).map(\.user) == [alice?.id.rawValue, nil])
        let text = try await front.issuer.stores.audit.find(AuditQuery()).map(\.document).joined()
        #expect(!text.contains("nobody"))
    }

    @Test("guessing the second factor locks the account")
    func secondFactor() async throws {
        let front = try await FrontEnd()
        let bob = try await front.issuer.stores.users.find(named: "bob")
        for _ in 0..<25 {
            _ = try await front.mfa(try await front.ticket(), "000000")
            front.issuer.clock.advance(by: AttemptRule.secondFactor.longestWait)
        }
        #expect(try await locks(front.issuer).map(\.user) == [bob?.id.rawValue])
    }
}
