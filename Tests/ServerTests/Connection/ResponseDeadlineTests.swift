import IdentityProvider
import NIOSSL
import Testing

@testable import Server

@Suite("Responses that are not read (RFC 9113 §10.5)", .timeLimit(.minutes(1)))
struct ResponseDeadlineTests {
    @Test("a stream whose window stays closed is reset, and frames on the connection don't prevent it")
    func shutWindow() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run(
            [LargeEndpoint(size: 40_000)], tls: certificate.files, configure: { $0.limits.responseDeadline = 0.5 }
        ) { server in
            try await RawConnection.run(to: server.port, tls: .client(["h2"])) { connection in
                var client = try await RawHTTP2(connection, window: 0)
                let noise = client.noise
                defer { noise.cancel() }
                try await client.get("/large")
                #expect(try await client.status() == 200)
                let reset = try #require(try await client.next(RawHTTP2.Frame.reset))
                #expect(reset.stream == 1)
            }
        }
    }

    @Test("a response that is read slowly but in time arrives completely")
    func slowWindow() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run([LargeEndpoint(size: 40_000)], tls: certificate.files) { server in
            try await RawConnection.run(to: server.port, tls: .client(["h2"])) { connection in
                var client = try await RawHTTP2(connection, window: 1_000)
                try await client.get("/large")
                var length = 0
                while length < 40_000, let frame = try await client.next(RawHTTP2.Frame.data, RawHTTP2.Frame.reset) {
                    try #require(frame.type == RawHTTP2.Frame.data)
                    length += frame.payload.count
                    try await client.open(window: 1_000)
                }
                #expect(length == 40_000)
            }
        }
    }

    @Test("an HTTP/1.1 connection that sends but doesn't read is closed", arguments: [false, true])
    func neverReads(isSecure: Bool) async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run(
            [LargeEndpoint(size: 4_000_000)], tls: isSecure ? certificate.files : nil,
            configure: { $0.limits.responseDeadline = 0.5 }
        ) { server in
            let tls = isSecure ? TLSConfiguration.client() : nil
            try await RawConnection.run(to: server.port, tls: tls, receiveBuffer: 4_096) { connection in
                let request = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n"
                try await connection.send(String(repeating: request, count: 8))
                // A byte now and then of an endless request, because sending is no sign of reading.
                await #expect(throws: (any Error).self) {
                    while true {
                        try await connection.send("G")
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
            }
            try await RawConnection.run(to: server.port, tls: tls) { connection in
                try await connection.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await connection.response()?.body.utf8.count == 4_000_000)
            }
        }
    }

    @Test("one connection holds up to 8 MiB of waiting responses")
    func bytesOfConnection() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run([LargeEndpoint(size: 2 << 20)], tls: certificate.files) { server in
            try await RawConnection.run(to: server.port, tls: .client(["h2"])) { connection in
                var client = try await RawHTTP2(connection, window: 0)
                for stream in [1, 3, 5] as [UInt32] {
                    try await client.get("/large", stream: stream)
                    #expect(try await client.status() == 200)
                }
                try await client.get("/large", stream: 7)
                #expect(try await client.next(RawHTTP2.Frame.reset)?.stream == 7)
            }
        }
    }

    @Test("the connections of one address share 64 MiB; another address has its own")
    func bytesOfAddress() async throws {
        let holders = Array(repeating: "127.0.0.1", count: 9)
        try await share({ _ in }, holders, refused: "127.0.0.1", served: "127.0.0.2")
    }

    @Test("the addresses of one network share a limit; another network has its own")
    func bytesOfNetwork() async throws {
        let holders = (1...4).map { "127.0.0.\($0)" }
        try await share(
            { $0.connections.bytesPerNetwork = 32 << 20 }, holders, refused: "127.0.0.5", served: "127.0.1.1")
    }

    private func share(
        _ configure: (inout ServerSettings) -> Void, _ holders: [String], refused: String, served: String
    ) async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run(
            [LargeEndpoint(size: 7 << 20)], tls: certificate.files,
            configure: configure
        ) { server in
            try await withThrowingTaskGroup { clients in
                let (held, hold) = AsyncStream<Void>.makeStream()
                for origin in holders {
                    clients.addTask {
                        try await RawConnection.run(to: server.port, from: origin, tls: .client(["h2"])) { connection in
                            var client = try await RawHTTP2(connection, window: 0)
                            try await client.get("/large")
                            #expect(try await client.status() == 200)
                            hold.yield()
                            _ = try await client.next()
                        }
                    }
                }
                var iterator = held.makeAsyncIterator()
                for _ in holders { await iterator.next() }
                for (origin, isServed) in [(refused, false), (served, true)] {
                    try await RawConnection.run(to: server.port, from: origin, tls: .client(["h2"])) { connection in
                        var client = try await RawHTTP2(connection)
                        try await client.get("/large")
                        let frame = try await client.next(RawHTTP2.Frame.data, RawHTTP2.Frame.reset)
                        #expect(frame?.type == (isServed ? RawHTTP2.Frame.data : RawHTTP2.Frame.reset))
                    }
                }
                clients.cancelAll()
            }
        }
    }

    @Test("an address has a limit of open streams, even before any response; those above it can be retried")
    func streamsOfAddress() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        let gate = Gate()
        let limit = ServerSettings.ConnectionLimits().bytesPerAddress / HTTP2StreamGuard.cost
        try await TestServer.run([GatedEndpoint(gate: gate)], tls: certificate.files) { server in
            try await withThrowingTaskGroup { clients in
                let (held, hold) = AsyncStream<RawHTTP2.Frame?>.makeStream()
                for _ in 0..<(limit / 100 + 1) {
                    clients.addTask {
                        try await RawConnection.run(to: server.port, tls: .client(["h2"])) { connection in
                            var client = try await RawHTTP2(connection)
                            for number in 0..<100 as Range<UInt32> {
                                try await client.get("/gated", stream: 2 * number + 1)
                            }
                            hold.yield(try await client.next(RawHTTP2.Frame.reset))
                        }
                    }
                }
                await gate.arrived(limit)
                var iterator = held.makeAsyncIterator()
                let refused = try #require(await iterator.next() ?? nil)
                // REFUSED_STREAM (RFC 9113 §7).
                #expect(refused.payload == [0, 0, 0, 7])
                await gate.open()
                clients.cancelAll()
            }
        }
    }
}
