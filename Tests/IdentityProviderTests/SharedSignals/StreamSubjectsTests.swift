import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("OpenID SSF §8.1.3: subjects of a stream")
struct StreamSubjectsTests {
    private func change(
        _ issuer: TestIssuer, _ operation: String, _ sub: String, of stream: String, as client: String
    ) async throws -> Response {
        let subject = #"{"format": "iss_sub", "iss": "https://id.example.com", "sub": "\#(sub)"}"#
        return try await issuer.signals(
            .post, "/ssf/subjects/\(operation)", #"{"stream_id": "\#(stream)", "subject": \#(subject)}"#, as: client)
    }

    @Test("RFC8417-008: a receiver hears only about users that it added", arguments: TestEngine.allCases)
    func added(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer.withReceivers(database: TestDatabase(engine))
        let id = try await issuer.stream("app")
        try await issuer.changePassword()
        #expect(try await issuer.waiting(id).isEmpty)
        let alice = try await issuer.user("alice").id.rawValue
        #expect(try await change(issuer, "add", alice, of: id, as: "app").status == .ok)
        #expect(try await change(issuer, "add", alice, of: id, as: "app").status == .ok)
        try await issuer.changePassword()
        try await issuer.changePassword(of: "bob")
        #expect(try await issuer.waiting(id).count == 1)
        #expect(try await change(issuer, "remove", alice, of: id, as: "app").status == .noContent)
        try await issuer.changePassword()
        #expect(try await issuer.waiting(id).count == 1)
    }

    @Test("a receiver of everyone hears about all but those that it removed", arguments: TestEngine.allCases)
    func everyone(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer.withReceivers(database: TestDatabase(engine))
        let id = try await issuer.stream()
        let alice = try await issuer.user("alice").id.rawValue
        #expect(try await change(issuer, "remove", alice, of: id, as: "siem").status == .noContent)
        try await issuer.changePassword()
        try await issuer.changePassword(of: "bob")
        #expect(try await issuer.waiting(id).count == 1)
        #expect(try await change(issuer, "add", alice, of: id, as: "siem").status == .ok)
        try await issuer.changePassword()
        #expect(try await issuer.waiting(id).count == 2)
    }

    @Test("SSF-026: adding and removing responds the same whether or not the user exists")
    func unknown() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream("app")
        let alice = try await issuer.user("alice").id.rawValue
        for operation in ["add", "remove"] {
            let known = try await change(issuer, operation, alice, of: id, as: "app")
            let other = try await change(issuer, operation, "nobody", of: id, as: "app")
            #expect(known.status == other.status)
            #expect(known.headers == other.headers)
            guard case (.bytes(let first), .bytes(let second)) = (known.body, other.body) else {
                throw Unexpected("a page")
            }
            #expect(first == second)
        }
    }

    @Test(
        "other subjects are refused: an email address would tell whose sub is whose",
        arguments: [
            #"{"format": "email", "email": "alice@example.com"}"#, #"{"format": "iss_sub"}"#,
            #"{"format": "iss_sub", "iss": "https://other.example", "sub": "x"}"#,
            #"{"format": "iss_sub", "iss": "https://id.example.com", "sub": ""}"#,
            #"{"format": "iss_sub", "iss": "https://id.example.com", "sub": "\#(String(repeating: "x", count: 256))"}"#,
            "1", "null", "[]",
        ])
    func refused(_ subject: String) async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream("app")
        let response = try await issuer.signals(
            .post, "/ssf/subjects/add", #"{"stream_id": "\#(id)", "subject": \#(subject)}"#, as: "app")
        #expect(response.status == .badRequest)
    }

    @Test("a deleted user is announced once, and then forgotten", arguments: TestEngine.allCases)
    func deleted(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer.withReceivers(database: TestDatabase(engine))
        let id = try await issuer.stream("app")
        let alice = try await issuer.user("alice")
        _ = try await change(issuer, "add", alice.id.rawValue, of: id, as: "app")
        try await issuer.administration.remove(alice)
        try await issuer.audit.flush()
        let (type, _) = try #require(try await issuer.polled(id, as: "app").last?.event())
        #expect(type == "\(SignalTests.risc)account-purged")
        issuer.audit.record(.passwordChanged, user: alice.id)
        try await issuer.audit.flush()
        #expect(try await issuer.waiting(id).count == 1)
    }
}
