import FoundationEssentials
import HTTPTypes
import JOSE
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Tokens that clients get for themselves are counted per minute")
struct MachineTokenTests {
    private func issuer(
        _ engine: TestEngine = .sqlite, _ configure: (inout AuditSettings) -> Void = { _ in }
    ) async throws -> TestIssuer {
        var settings = AuditSettings()
        configure(&settings)
        return try await TestIssuer(database: TestDatabase(engine), auditing: settings)
    }

    private func issued(_ issuer: TestIssuer) async throws -> [AuditRecord] {
        var query = AuditQuery()
        query.events = ["tokens_issued"]
        return try await issuer.recorded(query)
    }

    /// Gets a token as `web`, in a trace with this number.
    private func token(
        _ issuer: TestIssuer, _ trace: Int, scope: String = "orders.read", from address: String = "192.0.2.1"
    ) async throws {
        let endpoint = try #require(issuer.provider.endpoints.first { $0.routes.contains { $0.path == .token } })
        let secret = Data("web:web-secret-web-secret-web-secret-1".utf8).base64EncodedString()
        let form = FormEncoding.encode([
            (name: "grant_type", value: "client_credentials"), (name: "scope", value: scope),
        ])
        let response = try await endpoint.respond(
            to: Request(
                method: .post, path: "/token",
                headers: [
                    .authorization: "Basic \(secret)", .contentType: "application/x-www-form-urlencoded",
                ], body: Array(form.utf8), remoteAddress: address, trace: Self.trace(trace)))
        #expect(response.status == .ok)
    }

    private static func trace(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }

    private func explanation(_ issuer: TestIssuer, _ trace: Int) async throws -> [String] {
        let prefix = try TracePrefix(Self.trace(trace))
        let found = try await issuer.stores.audit.records(ofTracesWith: prefix, waiting: .zero)
        return AuditExplanation.sentences(of: found.first ?? [])
    }

    @Test(
        "the first of a minute is recorded at once; the others in one record with count, first and last trace",
        arguments: TestEngine.allCases)
    func minute(_ engine: TestEngine) async throws {
        let issuer = try await issuer(engine)
        for number in 1...100 { try await token(issuer, number) }
        let first = try await issued(issuer)
        #expect(first.map(\.trace) == [Self.trace(1)])
        #expect(first.first?.details["count"] == nil)
        #expect(first.first?.details["audience"] == ["https://api.example.com"])

        issuer.clock.advance(by: 60)
        let records = try await issued(issuer)
        #expect(records.count == 2)
        let rest = try #require(records.last)
        #expect(rest.details["count"] == 99)
        #expect(rest.details["first_trace"]?.string == Self.trace(1))
        #expect(rest.trace == Self.trace(100))
        #expect(rest.details["minute"] == "2027-01-15T08:00:00Z")
        #expect(rest.client == "web" && rest.actor == "client web" && rest.address == "192.0.2.1")
        #expect(rest.details["scope"] == "orders.read" && rest.details["grant"] == "client_credentials")
        // The first and the last can be explained.
        for number in [1, 100] {
            let sentences = try await explanation(issuer, number)
            #expect(sentences.contains("The client web authenticated by client_secret_basic."))
            #expect(sentences.last?.contains("tokens issued with client web from 192.0.2.1") == true)
        }
        #expect(try await explanation(issuer, 100).last?.contains("count 99") == true)
        #expect(try await explanation(issuer, 50).isEmpty)

        // The next minute begins with its own first token.
        try await token(issuer, 101)
        #expect(try await issued(issuer).map(\.trace) == [1, 100, 101].map(Self.trace))
    }

    @Test("clients, addresses and scopes are counted apart")
    func kinds() async throws {
        let issuer = try await issuer()
        for round in 0..<3 {
            try await token(issuer, round)
            try await token(issuer, 10 + round, from: "192.0.2.2")
            try await token(issuer, 20 + round, scope: "orders.read reports.read")
            _ = try await issuer.send(
                .post, "/token",
                form: [
                    ("grant_type", "client_credentials"), ("client_id", "post"),
                    ("client_secret", "post-secret-post-secret-post-secret"),
                ], from: "192.0.2.1")
        }
        issuer.clock.advance(by: 60)
        let rest = try await issued(issuer).filter { $0.details["count"] != nil }
        #expect(rest.count == 4)
        #expect(rest.allSatisfy { $0.details["count"] == 2 })
        #expect(
            Set(rest.map { "\($0.client ?? "") \($0.address ?? "") \($0.details["scope"]?.string ?? "")" }).count == 4)
    }

    @Test("of 64 tasks over several minutes, every token is counted, and the chain stays intact")
    func race() async throws {
        let issuer = try await issuer()
        for minute in 0..<3 {
            _ = try await TestSupport.race(64) { number in
                try await token(issuer, 1_000 * minute + number)
                if number % 16 == 0 { try await issuer.audit.flush() }
            }
            issuer.clock.advance(by: 45)
        }
        await issuer.audit.close()
        let records = try await issued(issuer)
        let counted = records.compactMap { $0.details["count"]?.integer }.reduce(0, +)
        #expect(counted + records.count { $0.details["count"] == nil } == 3 * 64)
        #expect(records.count <= 6)
        let report = try await AuditSealer(issuer.vault).verify(issuer.stores.audit, retention: 86_400)
        #expect(report.findings.isEmpty)
    }

    @Test("the end of the program records what was counted, and counting continues after it")
    func close() async throws {
        let issuer = try await issuer()
        for number in 0..<5 { try await token(issuer, number) }
        await issuer.audit.close()
        #expect(try await issued(issuer).map { $0.details["count"]?.integer } == [nil, 4])
        for number in 5..<7 { try await token(issuer, number) }
        await issuer.audit.close()
        #expect(try await issued(issuer).map { $0.details["count"]?.integer } == [nil, 4, nil, 1])
    }

    @Test("counting commits nothing per token, and a full minute is one commit")
    func cost() async throws {
        let issuer = try await issuer()
        try await token(issuer, 0)
        try await issuer.audit.flush()
        let before = issuer.database.database.committedUnits
        for number in 1...200 { try await token(issuer, number) }
        try await issuer.audit.flush()
        #expect(issuer.database.database.committedUnits == before)
        issuer.clock.advance(by: 60)
        try await issuer.audit.flush()
        #expect(issuer.database.database.committedUnits == before + 1)
    }

    @Test("webhooks get the first token and the count")
    func webhooks() async throws {
        let url = "https://siem.example/"
        let issuer = try await issuer { $0.webhooks = WebhookSettings(urls: [url], events: ["tokens_issued"]) }
        for number in 0..<9 { try await token(issuer, number) }
        issuer.clock.advance(by: 60)
        try await issuer.audit.flush()
        let bodies = try await issuer.stores.webhooks.due(to: url, at: .distantFuture, limit: 10).map(\.body)
        #expect(bodies.count == 2)
        #expect(bodies.count { $0.contains(#""count":8"#) } == 1)
    }

    @Test("machine_tokens: each records every token")
    func each() async throws {
        let issuer = try await issuer { $0.machineTokens = .each }
        for number in 0..<20 { try await token(issuer, number) }
        #expect(try await issued(issuer).map(\.trace) == (0..<20).map(Self.trace))
    }

    @Test("tokens issued on behalf of a user are recorded each")
    func users() async throws {
        let issuer = try await issuer()
        for _ in 0..<3 { _ = try await issuer.redeem(Browser(issuer).code()) }
        #expect(try await issued(issuer).count == 3)
    }

    @Test("a count that meets a full queue is lost as the number of tokens it stands for")
    func lost() async throws {
        let issuer = try await issuer()
        for number in 0..<9 { try await token(issuer, number) }
        try await issuer.audit.flush()
        for _ in 0..<AuditLog.capacity { issuer.audit.record(.accountDeleted, by: .system) }
        issuer.clock.advance(by: 60)
        issuer.audit.record(.accountDeleted, by: .system)
        try await token(issuer, 9)
        // The event and the first token of the new minute are lost as well.
        #expect(issuer.audit.backlog.lost == 1 + 8 + 1)
    }

    @Test("memory is bounded: beyond the number of kinds that are counted, each token is recorded")
    func capacity() async throws {
        let issuer = try await issuer()
        try await issuer.audit.flush()
        let kinds = MachineTokens.capacity + 100
        for _ in 0..<2 {
            for number in 0..<kinds {
                issuer.audit.record(
                    .tokensIssued(grant: .clientCredentials, scope: ["s\(number)"]), client: Identifier(rawValue: "web")
                )
            }
        }
        #expect(issuer.audit.backlog == (kinds + 100, 0))
    }
}
