import IdentityProvider
import InMemoryLogging
import Logging
import Testing

@testable import Server

@Suite("RFC 6585 §4: rate limits", .timeLimit(.minutes(1)))
struct RateLimitTests {
    private func statuses(_ clients: [String]) async throws -> [Int] {
        try await TestServer.run(configure: {
            $0.proxies = (try? TrustedProxies(["127.0.0.1"])) ?? $0.proxies
        }) { server in
            try await TestClient.run { client in
                var statuses: [Int] = []
                for address in clients {
                    let answer = try await client.send(
                        "POST", "http://127.0.0.1:\(server.port)/shared", ["X-Forwarded-For": address])
                    statuses.append(answer.status)
                    #expect((answer.fields["retry-after"] != nil) == (answer.status == 429))
                }
                return statuses
            }
        }
    }

    @Test("with a burst of two, the third request must wait; another client's need not")
    func burst() async throws {
        let clients = ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"]
        #expect(try await statuses(clients) == [200, 200, 429, 200])
    }

    @Test("a flood of rate-limited requests logs one line a second, with what it leaves out")
    func flood() async throws {
        try await TestServer.run { server in
            let start = ContinuousClock.now
            try await TestClient.run { client in
                for _ in 0..<200 { _ = try await client.send("POST", "http://127.0.0.1:\(server.port)/shared") }
            }
            let lines = server.log.entries.filter { $0.metadata["route"] == "/shared" && $0.message != "request" }
            let seconds = Int((ContinuousClock.now - start).components.seconds)
            #expect((1...seconds + 1).contains(lines.count))
            let first = try #require(lines.first)
            #expect(first.message == "rate limited" && first.level == .notice)
            #expect(first.metadata["address"] == "127.0.0.1" && first.metadata["status"] == "429")
            #expect(first.metadata["suppressed"] == "0" && first.metadata["cause"] != nil)
            // The two requests that were served.
            #expect(server.log.entries.count { $0.message == "request" } == 2)
        }
    }

    @Test("each route has a line a second, which counts those left out before it")
    func sampling() {
        let sampler = LogSampler()
        let start = ContinuousClock.now
        #expect(sampler.admit("/a", at: start) == 0)
        for _ in 0..<5 { #expect(sampler.admit("/a", at: start + .milliseconds(999)) == nil) }
        #expect(sampler.admit("/b", at: start) == 0)
        #expect(sampler.admit("/a", at: start + .seconds(1)) == 5)
        #expect(sampler.admit("/a", at: start + .seconds(2)) == 0)
    }
}
