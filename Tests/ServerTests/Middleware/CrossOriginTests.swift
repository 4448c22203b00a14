import Testing

@Suite("Fetch §3.2: scripts from other origins", .timeLimit(.minutes(1)))
struct CrossOriginTests {
    @Test("a shared endpoint can be read without credentials, whatever the response")
    func shared() async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                let url = "http://127.0.0.1:\(server.port)/shared"
                var statuses: [Int] = []
                // The third is over the rate limit, and scripts must be able to see that as well.
                for _ in 0..<3 {
                    let answer = try await client.send("POST", url, ["Origin": "https://app.example"])
                    statuses.append(answer.status)
                    #expect(answer.fields["access-control-allow-origin"] == "*")
                    #expect(answer.fields["access-control-allow-credentials"] == nil)
                    #expect(answer.fields["access-control-expose-headers"]?.contains("WWW-Authenticate") == true)
                }
                #expect(statuses == [200, 200, 429])
            }
        }
    }

    @Test("a preflight request lists what is allowed, and is cached for two hours")
    func preflight() async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                let answer = try await client.send(
                    "OPTIONS", "http://127.0.0.1:\(server.port)/shared",
                    [
                        "Origin": "https://app.example", "Access-Control-Request-Method": "POST",
                        "Access-Control-Request-Headers": "dpop, authorization",
                    ])
                #expect(answer.status == 204)
                #expect(answer.text.isEmpty)
                #expect(answer.fields["access-control-allow-origin"] == "*")
                #expect(answer.fields["access-control-allow-methods"] == "POST")
                #expect(answer.fields["access-control-allow-headers"] == "Authorization, Content-Type, DPoP")
                #expect(answer.fields["access-control-max-age"] == "7200")
                #expect(answer.fields["vary"]?.contains("Access-Control-Request-Method") == true)
                #expect(answer.fields["content-length"] == nil)
            }
        }
    }

    @Test("other endpoints send no CORS headers", arguments: ["/echo", "/page", "/nothing"])
    func others(_ path: String) async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                for method in ["GET", "OPTIONS"] {
                    let answer = try await client.send(
                        method, "http://127.0.0.1:\(server.port)\(path)",
                        ["Origin": "https://app.example", "Access-Control-Request-Method": "GET"])
                    #expect(answer.fields.keys.filter { $0.hasPrefix("access-control") } == [])
                }
            }
        }
    }
}
