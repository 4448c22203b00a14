import Testing

@testable import Server

@Suite("The site of the demo application", .timeLimit(.minutes(1)))
struct StaticSiteTests {
    private func run<Result: Sendable>(_ body: @escaping @Sendable (TestServer) async throws -> Result) async throws
        -> Result
    {
        let settings = ServerSettings(addresses: [.host("127.0.0.1", port: 0)], proxies: try TrustedProxies([]))
        let files = ["/": StaticSite.File(type: "text/html", bytes: Array("<p>demo".utf8))]
        return try await TestServer.run(
            service: { StaticSite(settings: settings, files: files, policy: "default-src 'self'", onRunning: $0) }, body
        )
    }

    @Test("a file has its media type and the policy")
    func file() async throws {
        try await run { server in
            try await TestClient.run { client in
                let answer = try await client.get("http://127.0.0.1:\(server.port)/?code=secret&state=x")
                #expect(answer.status == 200)
                #expect(answer.text == "<p>demo")
                #expect(answer.fields["content-type"] == "text/html")
                #expect(answer.fields["content-security-policy"] == "default-src 'self'")
                #expect(answer.fields["x-content-type-options"] == "nosniff")
            }
        }
    }

    @Test(
        "other paths and methods are refused",
        arguments: [
            ("GET", "/etc/passwd", 404), ("GET", "/../etc/passwd", 404), ("GET", "/%2e%2e/x", 404), ("POST", "/", 405),
            ("DELETE", "/", 405), ("HEAD", "/", 200),
        ])
    func others(_ method: String, _ path: String, status: Int) async throws {
        try await run { server in
            let answered = try await RawConnection.run(to: server.port) { connection in
                try await connection.send("\(method) \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                return try await connection.statusOnly()
            }
            #expect(answered == status)
        }
    }
}
