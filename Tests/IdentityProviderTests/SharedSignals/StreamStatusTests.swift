import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("OpenID SSF §8.1.2, §8.1.5: stream status")
struct StreamStatusTests {
    @Test(
        "SSF-022: a paused stream holds events and a disabled one drops them, whether pushed or polled",
        arguments: [nil, SignalTests.endpoint], TestEngine.allCases)
    func status(_ endpoint: String?, _ engine: TestEngine) async throws {
        let receiver = CannedReceiver()
        let issuer = try await TestIssuer.withReceivers(database: TestDatabase(engine), fetcher: receiver)
        let id = try await issuer.stream(to: endpoint)
        func destinations() async throws -> [String?] { try await issuer.transmitter.destinations() }
        #expect(try await destinations() == (endpoint == nil ? [] : [id]))

        try await issuer.set("paused", of: id)
        for moment in 0..<3 {
            issuer.clock.advance(by: 1)
            issuer.audit.record(.accountEnabled(moment == 1), user: try await issuer.user("alice").id)
            try await issuer.audit.flush()
        }
        #expect(try await issuer.waiting(id).count == 3)
        #expect(try await destinations() == [])
        if endpoint == nil { #expect(try await issuer.poll(id).isEmpty) }

        try await issuer.set("enabled", of: id)
        let events: [JSONObject]
        if endpoint == nil {
            events = try await issuer.polled(id)
        } else {
            #expect(try await destinations() == [id])
            try await issuer.push(id)
            events = try receiver.events()
        }
        let names = try events.sorted { ($0["iat"]?.integer ?? 0) < ($1["iat"]?.integer ?? 0) }.map {
            try $0.event().type
        }
        #expect(names == ["account-disabled", "account-enabled", "account-disabled"].map { SignalTests.risc + $0 })

        try await issuer.changePassword()
        try await issuer.set("disabled", of: id)
        #expect(try await issuer.waiting(id).isEmpty)
        try await issuer.changePassword()
        #expect(try await issuer.waiting(id).isEmpty)
        if endpoint == nil { #expect(try await issuer.poll(id).isEmpty) }
    }

    @Test("the status is read with its reason")
    func read() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        let body = #"{"stream_id": "\#(id)", "status": "paused", "reason": "maintenance"}"#
        #expect(try await issuer.signals(.post, "/ssf/status", body).status == .ok)
        let read = try await issuer.signals(.get, "/ssf/status", query: "stream_id=\(id)", scope: "ssf.read").json()
        #expect(read == ["stream_id": .string(id), "status": "paused", "reason": "maintenance"])
        #expect(try await issuer.signals(.post, "/ssf/status", body, scope: "ssf.read").status == .forbidden)
    }

    @Test("an unknown status is refused", arguments: [#""off""#, "1", "null", #""""#])
    func unknown(_ status: String) async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        let body = #"{"stream_id": "\#(id)", "status": \#(status)}"#
        #expect(try await issuer.signals(.post, "/ssf/status", body).status == .badRequest)
    }

    @Test(
        "SSF-023: Martlet pauses a stream whose events are about to expire, and says so ahead of everything else",
        arguments: [nil, SignalTests.endpoint])
    func overflow(_ endpoint: String?) async throws {
        let receiver = CannedReceiver()
        let issuer = try await TestIssuer.withReceivers(fetcher: receiver)
        let id = try await issuer.stream(to: endpoint)
        try await issuer.changePassword(3)
        let watch = EventStreamWatch(
            issuer.core, pusher: EventPusher(issuer.core, signer: SecurityEventSigner(issuer.core)))
        try await watch.pauseOverflowing()
        #expect(try await issuer.stores.eventStreams.all().map(\.status) == [.enabled])
        issuer.clock.advance(by: SecurityEvent.lifetime - 1_800)
        // Two nodes watch; the receiver hears it once.
        _ = try await race(2) { _ in try await watch.pauseOverflowing() }
        let stream = try #require(try await issuer.stores.eventStreams.all().first)
        #expect(stream.status == .paused)
        let told = endpoint == nil ? try await issuer.polled(id) : try receiver.events()
        #expect(told.count == 1)
        let (type, content) = try #require(try told.first?.event())
        #expect(type == "\(SignalTests.ssf)stream-updated")
        #expect(content["status"] == "paused")
        #expect(content["reason"] == stream.reason.map(JSON.string))
        #expect(told[0]["sub_id"] == ["format": "opaque", "id": .string(id)])
        #expect(try await issuer.recorded().contains { $0.details["kind"] == "event stream" && $0.actor == "system" })
    }

    @Test("a stream is paused at its limit, and never holds more than the maximum")
    func limit() async throws {
        let now = Date(timeIntervalSince1970: 0)
        let later = now.addingTimeInterval(7_200)
        #expect(!EventBacklog(count: 0, firstExpiry: nil).overflows(at: now))
        #expect(!EventBacklog(count: SecurityEvent.pausingCount - 1, firstExpiry: later).overflows(at: now))
        #expect(EventBacklog(count: SecurityEvent.pausingCount, firstExpiry: later).overflows(at: now))
        #expect(EventBacklog(count: 1, firstExpiry: now.addingTimeInterval(3_599)).overflows(at: now))

        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        for _ in 0..<26 { try await issuer.changePassword(1_000) }
        let stream = Identifier<EventStream>(rawValue: id)
        #expect(try await issuer.stores.securityEvents.backlog(of: stream).count == SecurityEvent.maximumCount)
        let body = #"{"stream_id": "\#(id)"}"#
        #expect(try await issuer.signals(.post, "/ssf/verification", body).status == .noContent)
        #expect(try await issuer.stores.securityEvents.backlog(of: stream).count == SecurityEvent.maximumCount)
    }
}
