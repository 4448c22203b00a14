import AsyncHTTPClient
import IdentityProvider
import InMemoryLogging
import Logging
import NIOCore
import TestSupport
import Testing

@testable import Server

@Suite("Limits per client address hold before a request is read", .timeLimit(.minutes(1)))
struct RequestLimitTests {
    private static let form = ["content-type": "application/x-www-form-urlencoded"]
    private static let right = form.merging([
        "authorization": "Basic d2ViOndlYi1zZWNyZXQtd2ViLXNlY3JldC13ZWItc2VjcmV0LTE="
    ]) { first, _ in first }

    /// Runs `body` with a server whose `/token` takes five requests at once from an address.
    private func run(_ body: @escaping @Sendable (TestServer, TestClient) async throws -> Void) async throws {
        let issuer = try await TestIssuer("http://localhost:8080") {
            $0.limits.requests = RateLimit(burst: 5, perMinute: 1)
        }
        try await TestServer.run(providers: [MountedProvider(issuer.provider)]) { server in
            try await TestClient.run { client in try await body(server, client) }
        }
    }

    @Test(
        "malformed requests count, and beyond the limit they log one line a second",
        arguments: [
            ("/token", form, "a=1&a=2", 400), ("/token", ["content-type": "text/plain"], "x", 415),
            ("/token", form, (0..<65).map { "p\($0)=1" }.joined(separator: "&"), 400),
            ("/token", form, String(repeating: "x", count: 70_000), 413),
            ("/sign-in", form, "a=1&a=2", 400), ("/api/auth/login", ["content-type": "application/json"], "{", 400),
        ])
    func malformed(_ path: String, _ fields: [String: String], _ text: String, status: Int) async throws {
        try await run { server, client in
            let url = "http://127.0.0.1:\(server.port)\(path)"
            var statuses: [Int] = []
            let start = ContinuousClock.now
            for _ in 0..<50 {
                statuses.append(
                    try await client.send("POST", url, fields, body: .bytes(ByteBuffer(string: text))).status)
            }
            let seconds = Int((ContinuousClock.now - start).components.seconds)
            #expect(statuses == Array(repeating: status, count: 5) + Array(repeating: 429, count: 45))
            #expect(server.log.entries.count { $0.message == "refused" } == 5)
            let limited = server.log.entries.filter { $0.message == "rate limited" }
            #expect((1...seconds + 1).contains(limited.count))
            #expect(limited.first?.metadata["cause"] == "limits.requests")
        }
    }

    @Test("beyond the limit, the server answers without waiting for the body")
    func unread() async throws {
        try await run { server, _ in
            for number in 0..<6 {
                let status = try await RawConnection.run(to: server.port) { connection in
                    try await connection.send(
                        "POST /token HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n"
                            + "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\n" + (number < 5 ? "a=b" : ""))
                    return try await connection.response()?.status
                }
                #expect(status == (number < 5 ? 415 : 429))
            }
        }
    }

    @Test("a client that authenticated at the address gets in although malformed requests use the limit up")
    func known() async throws {
        try await run { server, client in
            let url = "http://127.0.0.1:\(server.port)/token"
            let grant = "grant_type=client_credentials"
            #expect(
                try await client.send("POST", url, Self.right, body: .bytes(ByteBuffer(string: grant))).status == 200)
            for number in 0..<10 {
                let status = try await client.send("POST", url, Self.form, body: .bytes(ByteBuffer(string: "a=1&a=2")))
                    .status
                #expect(status == (number < 5 ? 400 : 429))
            }
            #expect(
                try await client.send("POST", url, Self.right, body: .bytes(ByteBuffer(string: grant))).status == 200)
        }
    }

    @Test("the line of a throttled client names the client")
    func clientNamed() async throws {
        let issuer = try await TestIssuer("http://localhost:8080")
        try await TestServer.run(providers: [MountedProvider(issuer.provider)]) { server in
            try await TestClient.run { client in
                let url = "http://127.0.0.1:\(server.port)/token"
                for number in 0..<11 {
                    let body = "grant_type=client_credentials&client_id=post&client_secret=wrong-\(number)"
                    _ = try await client.send("POST", url, Self.form, body: .bytes(ByteBuffer(string: body)))
                }
            }
            let line = try #require(server.log.entries.last { $0.message == "rate limited" })
            #expect(line.metadata["client_id"] == "post" && line.metadata["address"] == "127.0.0.1")
        }
    }
}
