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

    @Test("all addresses of an IPv6 /64 count as one client; the next network is another")
    func network() async throws {
        let clients = ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:0:9::3", "2001:db8:0:1::1"]
        #expect(try await statuses(clients) == [200, 200, 429, 200])
    }

    @Test("other routes are counted separately")
    func otherRoute() async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                let base = "http://127.0.0.1:\(server.port)"
                for _ in 0..<3 { _ = try await client.send("POST", base + "/shared") }
                #expect(try await client.get(base + "/echo").status == 200)
            }
        }
    }
}
