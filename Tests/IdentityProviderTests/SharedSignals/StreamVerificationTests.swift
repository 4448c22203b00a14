import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("OpenID SSF §8.1.4: verification")
struct StreamVerificationTests {
    private func verify(_ issuer: TestIssuer, _ stream: String, _ more: String = "") async throws -> Response {
        try await issuer.signals(.post, "/ssf/verification", #"{"stream_id": "\#(stream)"\#(more)}"#)
    }

    @Test(
        "SSF-024: the event echoes state and names the stream; too frequent requests get 429",
        arguments: [nil, SignalTests.endpoint])
    func verification(_ endpoint: String?) async throws {
        let receiver = CannedReceiver()
        let issuer = try await TestIssuer.withReceivers(fetcher: receiver)
        let id = try await issuer.stream(to: endpoint)
        #expect(try await verify(issuer, id, #", "state": "VGhpcw=="}"#.dropLast().description).status == .noContent)
        #expect(try await verify(issuer, id).status == .noContent)
        let refused = try await verify(issuer, id)
        #expect(refused.status == .tooManyRequests)
        #expect(refused.headers[.retryAfter] == "10")
        issuer.clock.advance(by: 10)
        #expect(try await verify(issuer, id).status == .noContent)

        if endpoint != nil { try await issuer.push(id) }
        let events = try endpoint == nil ? await issuer.polled(id) : receiver.events()
        #expect(events.count == 3)
        let states = try events.map { try $0.event() }
        #expect(states.allSatisfy { $0.type == "\(SignalTests.ssf)verification" })
        #expect(states.compactMap { $0.content["state"]?.string } == ["VGhpcw=="])
        for event in events { #expect(event["sub_id"] == ["format": "opaque", "id": .string(id)]) }
        #expect(Set(events.compactMap { $0["jti"]?.string }).count == 3)
    }

    @Test(
        "a state that is no short string is refused",
        arguments: ["1", "null", "{}", "\"\(String(repeating: "x", count: 1_025))\""])
    func states(_ state: String) async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        #expect(try await verify(issuer, id, #", "state": \#(state)"#).status == .badRequest)
    }
}
