import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 8936: poll delivery")
struct PollTests {
    private func poll(_ issuer: TestIssuer, _ stream: String, _ body: String) async throws -> JSONObject {
        let response = try await issuer.signals(.post, "/ssf/poll/\(stream)", body)
        #expect(response.status == .ok)
        #expect(response.headers[.contentType] == "application/json")
        return try response.json()
    }

    /// An endpoint whose patience is short enough for a test.
    private func impatient(_ issuer: TestIssuer, _ patience: Duration) -> PollEndpoint {
        PollEndpoint(
            issuer.core, receivers: ReceiverAuthenticator(issuer.core, bearers: BearerAuthenticator(issuer.core)),
            signer: SecurityEventSigner(issuer.core), patience: patience)
    }

    private func send(_ endpoint: PollEndpoint, _ stream: String, _ body: String, _ token: String) async throws
        -> JSONObject
    {
        try await endpoint.respond(
            to: Request(
                method: .post, path: Path.eventPoll.text, variable: stream,
                headers: [.authorization: "Bearer \(token)", .contentType: "application/json"], body: Array(body.utf8),
                reading: .document)
        ).json()
    }

    @Test("RFC8936-001 RFC8936-004: {} is a poll with all defaults; tokens are listed by jti")
    func defaults() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        try await issuer.changePassword(2)
        let answer = try await poll(issuer, id, "{}")
        #expect(answer["moreAvailable"] == nil)
        let sets = try #require(answer["sets"]?.object)
        #expect(sets.members.count == 2)
        for (name, value) in sets.members { #expect(try JWTClaims.of(value.string)["jti"] == .string(name)) }
        let empty = try await poll(issuer, try await issuer.stream("lan"), #"{"returnImmediately": true}"#, as: "lan")
        #expect(empty["sets"] == .object([:]))
    }

    private func poll(_ issuer: TestIssuer, _ stream: String, _ body: String, as client: String) async throws
        -> JSONObject
    {
        try await issuer.signals(.post, "/ssf/poll/\(stream)", body, as: client).json()
    }

    @Test("RFC8936-002: a response has at most maxEvents, and says whether more wait; 0 only acknowledges")
    func maximum() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        try await issuer.changePassword(PollEndpoint.batch + 5)
        let two = try await poll(issuer, id, #"{"maxEvents": 2}"#)
        #expect(two["sets"]?.object?.members.count == 2)
        #expect(two["moreAvailable"] == true)
        let none = try await poll(issuer, id, #"{"maxEvents": 0}"#)
        #expect(none["sets"] == .object([:]))
        #expect(none["moreAvailable"] == true)
        let most = try await poll(issuer, id, #"{"maxEvents": 100000}"#)
        #expect(most["sets"]?.object?.members.count == PollEndpoint.batch)
        #expect(most["moreAvailable"] == true)
    }

    @Test("a poll settles at most 1,000 events, and a receiver that never acknowledges is slowed down")
    func limits() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        let many = (0...1_000).map { "\"\($0)\"" }.joined(separator: ",")
        let refused = try await issuer.signals(.post, "/ssf/poll/\(id)", #"{"ack": [\#(many)]}"#)
        #expect(refused.status == .badRequest)
        try await issuer.changePassword(1)
        var statuses: [HTTPResponse.Status] = []
        // 30 seconds, in which 60 more responses are signed than the burst of 120.
        for _ in 0..<300 {
            issuer.clock.advance(by: 0.1)
            statuses.append(
                try await issuer.signals(.post, "/ssf/poll/\(id)", #"{"returnImmediately": true}"#).status)
        }
        #expect((175...185).contains(statuses.count { $0 == .ok }))
        #expect(statuses.last == .tooManyRequests)
    }

    @Test("RFC8936-003 RFC8936-007: without events a poll waits, unless it asks for an immediate response")
    func longPoll() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        let token = try await issuer.receiverToken()
        for body in ["{}", #"{"maxEvents": 0, "ack": ["unknown"]}"#, #"{"returnImmediately": false}"#] {
            let start = ContinuousClock.now
            let answer = try await send(impatient(issuer, .milliseconds(300)), id, body, token)
            #expect(ContinuousClock.now - start >= .milliseconds(300))
            #expect(answer["sets"] == .object([:]))
        }
        let start = ContinuousClock.now
        _ = try await send(impatient(issuer, .seconds(60)), id, #"{"returnImmediately": true}"#, token)
        #expect(ContinuousClock.now - start < .seconds(30))
        // An event ends the wait.
        async let waiting = send(impatient(issuer, .seconds(60)), id, "{}", token)
        try await Task.sleep(for: .milliseconds(100))
        try await issuer.changePassword()
        #expect(try await waiting["sets"]?.object?.members.count == 1)
    }

    @Test("many polls that wait hold no connection, and only two of a stream wait")
    func manyPolls() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        let token = try await issuer.receiverToken()
        let endpoint = impatient(issuer, .seconds(3))
        let start = ContinuousClock.now
        let durations = try await race(20) { _ in
            _ = try await send(endpoint, id, "{}", token)
            return ContinuousClock.now - start
        }
        #expect(durations.filter { $0 >= .seconds(3) }.count == 2)
    }

    @Test("a stream that is paused, deleted or pushed while a poll waits yields nothing more")
    func changedWhileWaiting() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        let token = try await issuer.receiverToken()
        async let waiting = send(impatient(issuer, .seconds(2)), id, "{}", token)
        try await Task.sleep(for: .milliseconds(100))
        try await issuer.set("paused", of: id)
        try await issuer.changePassword()
        #expect(try await waiting["sets"] == .object([:]))
    }

    @Test("RFC8936-005: unacknowledged events come again, acknowledged ones don't, and replays change nothing")
    func acknowledgment() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        try await issuer.changePassword(2)
        let first = try await issuer.poll(id)
        #expect(Set(try await issuer.poll(id).map(\.id)) == Set(first.map(\.id)))
        for _ in 0..<3 {
            let left = try await issuer.poll(id, #", "ack": ["\#(first[0].id)", "\#(first[0].id)", "unknown"]"#)
            #expect(left.map(\.id) == [first[1].id])
        }
        #expect(try await issuer.waiting(id).count == 1)
    }

    @Test("another receiver's acknowledgment counts for nothing")
    func foreignAcknowledgment() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        let other = try await issuer.stream("app")
        try await issuer.changePassword()
        let jti = try #require(try await issuer.poll(id).first?.id)
        _ = try await issuer.poll(
            other, #", "ack": ["\#(jti)"], "setErrs": {"\#(jti)": {"err": "invalid_key"}}"#, as: "app")
        #expect(try await issuer.waiting(id).count == 1)
        #expect(try await !issuer.recorded().contains { $0.event == "security_event_refused" })
    }

    @Test("RFC8936-006: a refused event is recorded once and not delivered again")
    func refused() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        try await issuer.changePassword()
        let jti = try #require(try await issuer.poll(id).first?.id)
        let errors = #", "setErrs": {"\#(jti)": {"err": "invalid_key", "description": "no key"}}"#
        for _ in 0..<2 { #expect(try await issuer.poll(id, errors).isEmpty) }
        let records = try await issuer.recorded().filter { $0.event == "security_event_refused" }
        #expect(records.map(\.details) == [["stream": .string(id), "error": "invalid_key"]])
    }

    @Test(
        "RFC8936-008: an invalid poll gets 400",
        arguments: [
            "", "[]", "1", "{", #"{"maxEvents": -1}"#, #"{"maxEvents": "2"}"#, #"{"maxEvents": 1.5}"#,
            #"{"returnImmediately": "yes"}"#, #"{"ack": "jti"}"#, #"{"ack": [1]}"#, #"{"setErrs": []}"#,
            #"{"setErrs": {"jti": "bad"}}"#, #"{"setErrs": {"jti": {}}}"#, #"{"setErrs": {"jti": {"err": "a\nb"}}}"#,
            #"{"ack": null}"#,
        ])
    func invalid(_ body: String) async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        #expect(try await issuer.signals(.post, "/ssf/poll/\(id)", body).status == .badRequest)
    }

    @Test("the events of a pushed stream can't be polled")
    func pushed() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream(to: SignalTests.endpoint)
        #expect(try await issuer.signals(.post, "/ssf/poll/\(id)", "{}").status == .notFound)
    }
}
