import FoundationEssentials
import HTTPTypes
import JOSE
import Synchronization
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 8935: push delivery")
struct PushTests {
    @Test("RFC8935-001 RFC8935-002 SSF-025: a push is the bare token with the receiver's authorization; 202 ends it")
    func push() async throws {
        let receiver = CannedReceiver()
        let issuer = try await TestIssuer.withReceivers(fetcher: receiver)
        let body = """
            {"delivery": {"method": "\(SignalTests.push)", "endpoint_url": "\(SignalTests.endpoint)",
             "authorization_header": "Bearer at-the-receiver"}}
            """
        let created = try await issuer.signals(.post, "/ssf/streams", body).json()
        let id = try #require(created["stream_id"]?.string)
        try await issuer.changePassword(2)
        try await issuer.push(id)
        let requests = receiver.asked()
        #expect(requests.count == 2)
        for request in requests {
            #expect(request.method == .post)
            #expect(request.headers[.contentType] == "application/secevent+jwt")
            #expect(request.headers[.accept] == "application/json")
            #expect(request.headers[.authorization] == "Bearer at-the-receiver")
        }
        #expect(try await issuer.waiting(id).isEmpty)
        #expect(try Set(receiver.events().compactMap { $0["jti"]?.string }).count == 2)
        // Never shown again.
        for query in [nil, "stream_id=\(id)"] {
            guard case .bytes(let bytes) = try await issuer.signals(.get, "/ssf/streams", query: query).body else {
                throw Unexpected("a page")
            }
            #expect(!String(decoding: bytes, as: UTF8.self).contains("at-the-receiver"))
        }
    }

    @Test("a new endpoint doesn't get the authorization of the former one")
    func redirectedStream() async throws {
        let receiver = CannedReceiver()
        let issuer = try await TestIssuer.withReceivers(fetcher: receiver)
        let body = """
            {"delivery": {"method": "\(SignalTests.push)", "endpoint_url": "\(SignalTests.endpoint)",
             "authorization_header": "Bearer secret"}}
            """
        let created = try await issuer.signals(.post, "/ssf/streams", body).json()
        let id = try #require(created["stream_id"]?.string)
        let other = "https://other.example/"
        let moved = """
            {"stream_id": "\(id)", "delivery": {"method": "\(SignalTests.push)", "endpoint_url": "\(other)"}}
            """
        #expect(try await issuer.signals(.patch, "/ssf/streams", moved).status == .ok)
        try await issuer.changePassword()
        try await issuer.push(id)
        #expect(receiver.asked(other).map { $0.headers[.authorization] } == [nil])

        // Nor does someone who can write to the database get it.
        let again = """
            {"stream_id": "\(id)", "delivery": {"method": "\(SignalTests.push)",
             "endpoint_url": "\(SignalTests.endpoint)", "authorization_header": "secret"}}
            """
        #expect(try await issuer.signals(.patch, "/ssf/streams", again).status == .ok)
        let stored = try #require(try await issuer.stores.eventStreams.all().first)
        var changed = stored
        changed.endpoint = "https://thief.example/"
        #expect(try await issuer.stores.eventStreams.update(stored, to: changed))
        issuer.core.eventStreams.clear()
        try await issuer.changePassword()
        try await issuer.push(id)
        #expect(receiver.asked("https://thief.example/").isEmpty)
    }

    @Test(
        "RFC8935-003 RFC8935-004: 400 with a code ends delivery, and is recorded; unknown codes are tolerated",
        arguments: [
            "invalid_request", "invalid_key", "invalid_issuer", "invalid_audience", "authentication_failed",
            "access_denied", "something_new",
        ])
    func refused(_ code: String) async throws {
        let receiver = CannedReceiver()
        receiver.answer(.status(400, body: #"{"err": "\#(code)", "description": "No.\r\nReally"}"#))
        let issuer = try await TestIssuer.withReceivers(fetcher: receiver)
        let id = try await issuer.stream(to: SignalTests.endpoint)
        try await issuer.changePassword()
        try await issuer.push(id)
        #expect(receiver.asked().count == 1)
        #expect(try await issuer.waiting(id).isEmpty)
        let record = try #require(try await issuer.recorded().last { $0.event == "security_event_refused" })
        #expect(record.details == ["stream": .string(id), "error": .string(code)])
        #expect(record.client == "siem")
    }

    @Test(
        "RFC8935-005: any other answer, garbage and failures are retried later with the same jti",
        arguments: [
            .status(200, body: "<html>Welcome</html>"), .status(204), .status(400, body: "<html>Bad Request</html>"),
            .status(400, body: #"{"err": 1}"#), .status(400, body: #"{"err": "a b"}"#), .status(400), .status(401),
            .status(403), .status(404), .status(429), .status(500), .status(503),
            .failure(.redirected(host: "receiver.example", status: 302)),
            .failure(.timedOut(host: "h", after: .seconds(10))),
            .failure(.unreachable(host: "h", reason: "refused")), .failure(.privateAddress(host: "h")),
            .failure(.tooLarge(host: "h", limit: 65_536)), .failure(.untrusted(host: "h", reason: "expired")),
        ] as [CannedReceiver.Answer])
    func retried(_ answer: CannedReceiver.Answer) async throws {
        let receiver = CannedReceiver()
        receiver.answer(answer)
        let issuer = try await TestIssuer.withReceivers(fetcher: receiver)
        let id = try await issuer.stream(to: SignalTests.endpoint)
        try await issuer.changePassword()
        try await issuer.push(id)
        #expect(receiver.asked().count == 1)
        let waiting = try #require(try await issuer.waiting(id).first)
        #expect(waiting.dueAt > issuer.clock.now)
        receiver.answer(.status(202, body: "garbage"))
        issuer.clock.advance(by: 2)
        try await issuer.push(id)
        #expect(Set(try receiver.events().compactMap { $0["jti"]?.string }) == [waiting.id.rawValue])
        #expect(receiver.asked().count == 2)
        #expect(try await issuer.waiting(id).isEmpty)
    }

    @Test("RFC8935-006 RFC8935-007: pushes go through the guarded fetcher, into private networks only by registration")
    func policy() async throws {
        let receiver = CannedReceiver()
        let issuer = try await TestIssuer.withReceivers(fetcher: receiver)
        let first = try await issuer.stream(to: SignalTests.endpoint)
        let second = try await issuer.stream("lan", to: SignalTests.endpoint)
        let alice = try await issuer.user("alice").id
        try await issuer.stores.eventStreams.set(alice, isIncluded: true, in: Identifier(rawValue: second))
        try await issuer.changePassword()
        try await issuer.push(first)
        try await issuer.push(second)
        #expect(receiver.policies.map(\.allowsPrivateNetworks) == [false, true])
        #expect(receiver.policies.allSatisfy { $0.timeout == .seconds(10) && $0.authorities == .system })
    }

    @Test(
        "a receiver that never answers, with 10,000 events waiting, doesn't delay another",
        arguments: TestEngine.allCases)
    func slowReceiver(_ engine: TestEngine) async throws {
        let receiver = CannedReceiver()
        let (slow, quick) = ("https://slow.example/", "https://quick.example/")
        receiver.answer(.silence, at: slow)
        let issuer = try await TestIssuer.withReceivers(database: TestDatabase(engine), fetcher: receiver)
        let first = try await issuer.stream(to: slow)
        let alice = try await issuer.user("alice").id
        for _ in 0..<10 { try await issuer.changePassword(1_000) }
        #expect(try await issuer.waiting(first).count == 10_000)
        let second = try await issuer.stream("app", to: quick)
        try await issuer.stores.eventStreams.set(alice, isIncluded: true, in: Identifier(rawValue: second))
        let running = Task { try await issuer.transmitter.run() }
        try await until("the slow receiver holds its share") { receiver.asked(slow).count == EventTransmitter.width }
        try await issuer.changePassword(20)
        try await until("the other receiver got everything") { receiver.asked(quick).count == 20 }
        try await until("and its queue is empty") { try await issuer.waiting(second).isEmpty }
        #expect(receiver.asked(slow).count == EventTransmitter.width)
        running.cancel()
        try await running.value
        #expect(try await issuer.waiting(first).count == 10_020)
    }

    @Test("nothing is pushed for a client that is disabled or no receiver any longer")
    func formerReceiver() async throws {
        let receiver = CannedReceiver()
        let issuer = try await TestIssuer.withReceivers(fetcher: receiver)
        let id = try await issuer.stream(to: SignalTests.endpoint)
        try await issuer.changePassword()
        let client = try #require(try await issuer.core.clients.find(Identifier(rawValue: "siem")))
        try await issuer.administration.setDisabled(true, client)
        issuer.core.clients.clear()
        #expect(try await issuer.transmitter.destinations() == [])
        try await issuer.push(id)
        #expect(receiver.asked().isEmpty)
        try await issuer.core.clients.delete(client.id)
        #expect(try await issuer.stores.eventStreams.all().isEmpty)
    }
}
