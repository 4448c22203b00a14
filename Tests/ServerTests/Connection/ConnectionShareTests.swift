import NIOSSL
import Testing

@testable import Server

@Suite("Connections are shared between addresses", .timeLimit(.minutes(1)))
struct ConnectionShareTests {
    private static let request = "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Opens nested idle connections, runs `body` inside the innermost, and returns which were closed.
    private func holding(
        _ origins: [String], to port: Int, _ body: () async throws -> Void
    ) async throws -> [Bool] {
        guard let origin = origins.first else {
            try await body()
            return []
        }
        return try await RawConnection.run(to: port, from: origin) { connection in
            try await connection.send(Self.request)
            #expect(try await connection.response()?.status == 200)
            let rest = try await holding(Array(origins.dropFirst()), to: port, body)
            await connection.sendIgnoringRefusal(Array(Self.request.utf8))
            return [try await connection.response() == nil] + rest
        }
    }

    private func isServed(_ port: Int, from origin: String) async throws -> Bool {
        try await RawConnection.run(to: port, from: origin) { connection in
            await connection.sendIgnoringRefusal(Array(Self.request.utf8))
            return try await connection.response()?.status == 200
        }
    }

    @Test("an address at its limit gives up its oldest idle connection for a new one")
    func oldestIdle() async throws {
        try await TestServer.run(configure: { $0.connections.perAddress = 4 }) { server in
            let closed = try await holding(Array(repeating: "127.0.0.1", count: 4), to: server.port) {
                let isServed = try await isServed(server.port, from: "127.0.0.1")
                #expect(isServed)
            }
            #expect(closed == [true, false, false, false])
        }
    }

    @Test("a server that is nearly full closes its oldest idle connections, whoever has them")
    func nearlyFull() async throws {
        try await TestServer.run(configure: { $0.maximumConnections = 16 }) { server in
            let origins = (1...40).map { "127.0.\($0).1" }
            let closed = try await holding(origins, to: server.port) {
                let isServed = try await isServed(server.port, from: "127.1.0.1")
                #expect(isServed)
            }
            #expect(closed.prefix(20).allSatisfy { $0 })
            #expect(closed.suffix(8).allSatisfy { !$0 })
        }
    }

    @Test(
        "an address or network at its limit with only busy connections is refused another; others are not",
        arguments: [
            (2, 100, ["127.0.0.1", "127.0.0.1"], refused: "127.0.0.1", served: "127.0.0.2"),
            (100, 2, ["127.0.0.1", "127.0.0.2"], refused: "127.0.0.3", served: "127.0.1.1"),
        ])
    func busy(
        _ perAddress: Int, _ perNetwork: Int, _ origins: [String], refused: String, served: String
    ) async throws {
        let gate = Gate()
        try await TestServer.run(
            [GatedEndpoint(gate: gate), EchoEndpoint()],
            configure: {
                $0.connections.perAddress = perAddress
                $0.connections.perNetwork = perNetwork
            }
        ) { server in
            try await withThrowingTaskGroup { clients in
                for origin in origins {
                    clients.addTask {
                        try await RawConnection.run(to: server.port, from: origin) { connection in
                            try await connection.send("GET /gated HTTP/1.1\r\nHost: a\r\n\r\n")
                            return try await connection.response()?.status
                        }
                    }
                }
                await gate.arrived(origins.count)
                #expect(try await !isServed(server.port, from: refused))
                #expect(try await isServed(server.port, from: served))
                await gate.open()
                for try await status in clients { #expect(status == 200) }
                try await eventually { try await isServed(server.port, from: refused) }
            }
        }
    }

    @Test("of many connections opened at once, an address keeps only as many as its limit", arguments: [false, true])
    func race(isSecure: Bool) async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        let gate = Gate()
        try await TestServer.run(
            [GatedEndpoint(gate: gate)], tls: isSecure ? certificate.files : nil,
            configure: { $0.connections.perAddress = 4 }
        ) { server in
            try await withThrowingTaskGroup(of: Int?.self) { clients in
                for _ in 0..<64 {
                    clients.addTask {
                        try? await RawConnection.run(to: server.port, tls: isSecure ? .client() : nil) { client in
                            try await client.send("GET /gated HTTP/1.1\r\nHost: a\r\n\r\n")
                            return try await client.response()?.status
                        }
                    }
                }
                for _ in 0..<60 {
                    let status = try #require(try await clients.next())
                    #expect(status == nil)
                }
                await gate.open()
                for try await status in clients { #expect(status == 200) }
            }
        }
    }

    @Test("a trusted proxy's connections are not counted, because it serves many clients")
    func proxy() async throws {
        let proxies = try TrustedProxies(["127.0.0.1"])
        try await TestServer.run(configure: {
            $0.proxies = proxies
            $0.connections.perAddress = 1
        }) { server in
            let closed = try await holding(Array(repeating: "127.0.0.1", count: 3), to: server.port) {}
            #expect(closed == [false, false, false])
        }
    }

    @Test("no setting gives an address more than half of all connections")
    func half() async throws {
        try await TestServer.run(configure: {
            $0.maximumConnections = 32
            $0.connections.perAddress = 1_000
        }) { server in
            let closed = try await holding(Array(repeating: "127.0.0.1", count: 17), to: server.port) {}
            #expect(closed == [true] + Array(repeating: false, count: 16))
        }
    }

    @Test("over TLS, a handshake that doesn't start makes room first, then an idle HTTP/2 connection")
    func secure() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run(tls: certificate.files, configure: { $0.connections.perAddress = 2 }) { server in
            try await RawConnection.run(to: server.port) { silent in
                try await RawConnection.run(to: server.port, tls: .client(["h2"])) { second in
                    var client = try await RawHTTP2(second)
                    try await client.get("/echo")
                    #expect(try await client.status() == 200)
                    try await RawConnection.run(to: server.port, tls: .client()) { third in
                        try await third.send(Self.request)
                        #expect(try await third.response()?.status == 200)
                        #expect(try await silent.isClosed())
                        try await RawConnection.run(to: server.port, tls: .client()) { fourth in
                            try await fourth.send(Self.request)
                            #expect(try await fourth.response()?.status == 200)
                        }
                        #expect(try await client.next(RawHTTP2.Frame.goAway) != nil)
                        #expect(try await client.next() == nil)
                    }
                }
            }
        }
    }
}
