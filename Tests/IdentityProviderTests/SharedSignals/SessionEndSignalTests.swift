import FoundationEssentials
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Every end of a session is recorded and signaled")
struct SessionEndSignalTests {
    /// The sessions that `session-revoked` events name, with their reasons.
    private func revoked(_ issuer: TestIssuer, _ stream: String) async throws -> [String: String] {
        try await issuer.audit.flush()
        var sessions: [String: String] = [:]
        for event in try await issuer.polled(stream) {
            let (type, content) = try event.event()
            guard type == "\(SignalTests.caep)session-revoked" else { continue }
            let id = try #require(event["sub_id"]?.object?["session"]?.object?["id"]?.string)
            #expect(sessions[id] == nil)
            sessions[id] = content["reason_admin"]?.object?["en"]?.string
        }
        return sessions
    }

    /// Signs a user in and returns the session.
    private func signIn(_ issuer: TestIssuer, _ browser: Browser? = nil) async throws -> Session {
        _ = try await (browser ?? Browser(issuer)).code()
        let alice = try await issuer.user("alice").id
        return try #require(try await issuer.stores.sessions.sessions(of: alice, at: issuer.clock.now).first)
    }

    @Test("for each reason, with the session's identifier", arguments: SessionEndReason.allCases)
    func reasons(_ reason: SessionEndReason) async throws {
        let issuer = try await TestIssuer.withReceivers()
        let stream = try await issuer.stream()
        let session = try await signIn(issuer)
        try await SessionEnd(issuer.core).end(session.id, because: reason)
        #expect(try await revoked(issuer, stream) == [session.id.rawValue: reason.rawValue])
        let record = try #require(try await issuer.recorded().last { $0.event == "session_ended" })
        #expect(record.session == session.id.rawValue)
        #expect(record.actor == (reason.isAutomatic ? "system" : "user \(session.user)"))
        // A session that has ended doesn't end again.
        try await SessionEnd(issuer.core).end(session.id, because: reason)
        #expect(try await revoked(issuer, stream).count == 1)
    }

    @Test("by the operator: signed out, disabled by command or file, deleted")
    func operators() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let stream = try await issuer.stream()
        let alice = try await issuer.user("alice")
        let first = try await signIn(issuer)
        try await issuer.administration.endSessions(of: alice)
        let second = try await signIn(issuer)
        try await issuer.administration.setDisabled(true, alice)
        try await issuer.administration.setDisabled(false, alice)
        let third = try await signIn(issuer)
        let disabled = #"{"users": [{"username": "alice", "disabled": true}]}"#
        _ = try await issuer.administration.apply(ResourceSet(JSONObject(parsing: Array(disabled.utf8))))
        #expect(
            try await revoked(issuer, stream) == [
                first.id.rawValue: "administrator", second.id.rawValue: "account_disabled",
                third.id.rawValue: "account_disabled",
            ])
        let types = try await issuer.polled(stream).map { try $0.event().type }
        #expect(types.filter { $0 == "\(SignalTests.risc)account-disabled" }.count == 2)
        #expect(types.filter { $0 == "\(SignalTests.risc)account-enabled" }.count == 1)
    }

    @Test("by deleting the account")
    func deleted() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let stream = try await issuer.stream()
        let session = try await signIn(issuer)
        try await issuer.administration.remove(try await issuer.user("alice"))
        #expect(try await revoked(issuer, stream) == [session.id.rawValue: "account_deleted"])
    }

    @Test("by inactivity")
    func idle() async throws {
        let issuer = try await TestIssuer.withReceivers { $0.lifetimes.sessionIdle = 600 }
        let stream = try await issuer.stream()
        let session = try await signIn(issuer)
        issuer.clock.advance(by: 700)
        #expect(try await issuer.core.stores.sessions.find(session.id, at: issuer.clock.now) == nil)
        #expect(try await revoked(issuer, stream) == [session.id.rawValue: "idle"])
    }

    @Test("after a compromise: more sessions than the audit log holds at once")
    func compromise() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let stream = try await issuer.stream()
        let alice = try await issuer.user("alice").id
        let sessions = (0..<2_500).map { EndedSession(id: Identifier(rawValue: "s\($0)"), user: alice) }
        try await SessionEnd(issuer.core).recordCompromise(of: sessions)
        #expect(try await issuer.waiting(stream).count == 2_500)
        #expect(issuer.audit.backlog.waiting == 0)
    }
}
