import AsyncHTTPClient
import NIOCore
import NIOSSL
import Testing

@testable import Server

@Suite("Shutdown: in-flight requests are completed, and no client can delay the end", .timeLimit(.minutes(1)))
struct ShutdownTests {
    private let gate = Gate()

    @Test("an in-flight HTTP/1.1 request gets its complete response, and the connection ends")
    func http1() async throws {
        try await TestServer.run([GatedEndpoint(gate: gate)]) { [gate] server in
            try await RawConnection.run(to: server.port) { connection in
                try await connection.send("GET /gated HTTP/1.1\r\nHost: a\r\n\r\n")
                await gate.arrived()
                await server.beginShutdown()
                await gate.open()
                let response = try #require(try await connection.response())
                #expect(response.body.count == 40_000)
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test("in-flight HTTP/2 requests get their complete responses", arguments: [1, 20])
    func http2(count: Int) async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run([GatedEndpoint(gate: gate)], tls: certificate.files) { [gate] server in
            try await TestClient.run { client in
                // Until the client knows that the server supports HTTP/2, it opens a connection for each request.
                _ = try await client.get("https://127.0.0.1:\(server.port)/echo")
                try await withThrowingTaskGroup { tasks in
                    for _ in 0..<count {
                        tasks.addTask {
                            let response = try await client.get("https://127.0.0.1:\(server.port)/gated")
                            #expect(response.isHTTP2)
                            return response.text.count
                        }
                    }
                    await gate.arrived(count)
                    await server.beginShutdown()
                    await gate.open()
                    for try await length in tasks { #expect(length == 40_000) }
                }
            }
        }
    }

    @Test(
        "an HTTP/2 response written after GOAWAY arrives, however small the client's window",
        arguments: [65_535, 1_000] as [UInt32])
    func leaveTaken(window: UInt32) async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run([GatedEndpoint(gate: gate)], tls: certificate.files) { [gate] server in
            try await RawConnection.run(to: server.port, tls: .client(["h2"])) { connection in
                var client = try await RawHTTP2(connection, window: window)
                try await client.get("/gated")
                await gate.arrived()
                await server.beginShutdown()
                // The second GOAWAY names the last stream; when that stream ends, so does the connection (§6.8).
                _ = try #require(try await client.next(RawHTTP2.Frame.goAway))
                _ = try #require(try await client.next(RawHTTP2.Frame.goAway))
                await gate.open()
                var length = 0
                while let frame = try await client.next(RawHTTP2.Frame.data, RawHTTP2.Frame.reset) {
                    #expect(frame.type == RawHTTP2.Frame.data, "the stream was reset after \(length) bytes")
                    length += frame.payload.count
                    if length == Int(window) { try await client.open(window: 65_535) }
                    if frame.flags & 1 == 1 { break }
                }
                #expect(length == 40_000)
                let end = try await client.next()
                #expect(end == nil)
            }
        }
    }

    @Test("an in-flight request over TLS gets its complete response")
    func http1OverTLS() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run([GatedEndpoint(gate: gate)], tls: certificate.files) { [gate] server in
            try await RawConnection.run(to: server.port, tls: .client()) { connection in
                try await connection.send("GET /gated HTTP/1.1\r\nHost: a\r\n\r\n")
                await gate.arrived()
                await server.beginShutdown()
                await gate.open()
                #expect(try await connection.response()?.body.count == 40_000)
            }
        }
    }

    @Test("idle connections don't delay the shutdown", arguments: [false, true])
    func idle(isSecure: Bool) async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        let clock = ContinuousClock()
        let duration = try await TestServer.run(tls: isSecure ? certificate.files : nil) { server in
            try await RawConnection.run(to: server.port, tls: isSecure ? .client() : nil) { connection in
                try await connection.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await connection.response()?.status == 200)
                let start = clock.now
                await server.beginShutdown()
                #expect(try await connection.isClosed())
                return clock.now - start
            }
        }
        #expect(duration < .seconds(4))
    }

    @Test("an unfinished TLS handshake doesn't delay the shutdown")
    func handshake() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        let clock = ContinuousClock()
        let duration = try await TestServer.run(tls: certificate.files) { server in
            try await RawConnection.run(to: server.port) { silent in
                // If a later connection was served, the silent one was accepted as well.
                _ = try await RawConnection.run(to: server.port, tls: .client()) { connection in
                    try await connection.send("GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    return try await connection.response()
                }
                let start = clock.now
                await server.beginShutdown()
                #expect(try await silent.isClosed())
                return clock.now - start
            }
        }
        #expect(duration < .seconds(4))
    }

    @Test("an HTTP/2 client that ignores GOAWAY is disconnected after the grace period")
    func stubbornClient() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run(tls: certificate.files, configure: { $0.shutdownGrace = 0.5 }) { server in
            try await RawConnection.run(to: server.port, tls: .client(["h2"])) { connection in
                try await connection.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                try await connection.send([0, 0, 0, 4, 0, 0, 0, 0, 0])
                await server.beginShutdown()
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test("an endless body doesn't delay the shutdown")
    func slowBody() async throws {
        try await TestServer.run(configure: { $0.shutdownGrace = 0.5 }) { server in
            try await RawConnection.run(to: server.port) { connection in
                try await connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\ntext=")
                await server.beginShutdown()
                #expect(try await connection.isClosed())
            }
        }
    }
}
