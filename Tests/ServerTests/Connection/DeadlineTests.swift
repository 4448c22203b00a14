import IdentityProvider
import AsyncHTTPClient
import NIOCore
import NIOSSL
import Testing

@testable import Server

@Suite("Deadlines: slow clients get an error or are disconnected", .timeLimit(.minutes(1)))
struct DeadlineTests {
    private static func hurry(_ settings: inout ServerSettings) {
        settings.limits.requestDeadline = 1
        settings.limits.idleTimeout = 1.5
        settings.limits.handshakeDeadline = 1
    }

    @Test("a connection that sends nothing is closed")
    func silence() async throws {
        try await TestServer.run(configure: Self.hurry) { server in
            let isClosed = try await RawConnection.run(to: server.port) { try await $0.isClosed() }
            #expect(isClosed)
        }
    }

    @Test("a head that arrives too slowly is not waited for")
    func slowHead() async throws {
        try await TestServer.run(configure: Self.hurry) { server in
            try await RawConnection.run(to: server.port) { connection in
                let clock = ContinuousClock()
                let start = clock.now
                try await connection.send("GET /echo HTTP/1.1\r\nHost: a\r\n")
                // A byte now and then: elapsed time counts, not progress.
                let trickle = Task { [output = connection.output] in
                    while !Task.isCancelled {
                        try await output.write(ByteBuffer(string: "X"))
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
                #expect(try await connection.isClosed())
                trickle.cancel()
                #expect(clock.now - start < .seconds(10))
            }
            try await expectAnswer(from: server)
        }
    }

    @Test("a stalled body gets 408, and the connection ends")
    func slowBody() async throws {
        try await TestServer.run(configure: Self.hurry) { server in
            try await RawConnection.run(to: server.port) { connection in
                try await connection.send(
                    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                        + "Content-Length: 10\r\n\r\ntext=")
                let response = try #require(try await connection.response())
                #expect(response.status == 408)
                #expect(response.fields["connection"] == "close")
                #expect(try await connection.isClosed())
            }
            try await expectAnswer(from: server)
        }
    }

    @Test("a connection without another request is closed")
    func idle() async throws {
        try await TestServer.run(configure: Self.hurry) { server in
            try await RawConnection.run(to: server.port) { connection in
                try await connection.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await connection.response()?.status == 200)
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test("a request that takes longer than every deadline is completed")
    func slowWork() async throws {
        let gate = Gate()
        try await TestServer.run([GatedEndpoint(gate: gate)], configure: Self.hurry) { server in
            try await RawConnection.run(to: server.port) { connection in
                try await connection.send("GET /gated HTTP/1.1\r\nHost: a\r\n\r\n")
                await gate.arrived()
                // Longer than the deadlines of a request and of an idle connection, so the test must wait.
                try await Task.sleep(for: .milliseconds(1_800))
                await gate.open()
                #expect(try await connection.response()?.body.count == 40_000)
            }
        }
    }

    @Test("a TLS handshake that never starts is not waited for", arguments: ["", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}"])
    func handshake(_ start: String) async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run(tls: certificate.files, configure: Self.hurry) { server in
            try await RawConnection.run(to: server.port) { connection in
                if !start.isEmpty { try await connection.send(start) }
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test("an HTTP/2 connection without requests is closed, even if the client cooperates with nothing")
    func idleHTTP2() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run(tls: certificate.files, configure: Self.hurry) { server in
            try await RawConnection.run(to: server.port, tls: .client(["h2"])) { connection in
                try await connection.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                try await connection.send([0, 0, 0, 4, 0, 0, 0, 0, 0])
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test("a stalled HTTP/2 body gets 408, and the connection stays open")
    func slowBodyHTTP2() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run(tls: certificate.files, configure: Self.hurry) { server in
            try await TestClient.run { client in
                let (parts, part) = AsyncStream<ByteBuffer>.makeStream()
                part.yield(ByteBuffer(string: "text="))
                let url = "https://127.0.0.1:\(server.port)/echo"
                let type = ["Content-Type": "application/x-www-form-urlencoded"]
                let response = try await client.send("POST", url, type, body: .stream(parts, length: .unknown))
                #expect(response.isHTTP2)
                #expect(response.status == 408)
                part.finish()
                #expect(try await client.get(url).status == 200)
            }
        }
    }
}
