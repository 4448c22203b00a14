import Logging
import InMemoryLogging
import NIOCore
import Testing

@testable import Server

@Suite("Connections: limits and addresses", .timeLimit(.minutes(1)))
struct ConnectionLimitTests {
    @Test("a connection above the limit waits until another ends")
    func limit() async throws {
        // A trusted proxy is exempt, because the former connection may still count when the next one is accepted.
        let proxies = try TrustedProxies(["127.0.0.1"])
        try await TestServer.run(
            configure: {
                $0.maximumConnections = 1
                $0.proxies = proxies
            }
        ) { server in
            try await RawConnection.run(to: server.port) { second in
                // The server may accept either of the two first: one is served, and the other after it.
                try await second.send("GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                try await RawConnection.run(to: server.port) { third in
                    try await third.send("GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    #expect(try await second.response()?.status == 200)
                    #expect(try await second.isClosed())
                    #expect(try await third.response()?.status == 200)
                }
            }
        }
    }

    @Test("a Unix socket is served, and its peers have no address")
    func unixSocket() async throws {
        let path = "/tmp/martlet-\(UInt32.random(in: 0...UInt32.max)).sock"
        try await TestServer.run(configure: { $0.addresses = [.unixSocket(path)] }) { _ in
            try await RawConnection.run(to: SocketAddress(unixDomainSocketPath: path)) { connection in
                try await connection.send("GET /echo HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n")
                #expect(try await connection.response()?.body.contains("\"client\":\"\"") == true)
            }
        }
    }

    @Test("a server can listen on two addresses")
    func twoAddresses() async throws {
        let path = "/tmp/martlet-\(UInt32.random(in: 0...UInt32.max)).sock"
        let addresses: [ServerSettings.Address] = [.host("127.0.0.1", port: 0), .unixSocket(path)]
        try await TestServer.run(configure: { $0.addresses = addresses }) { server in
            try await eventually { server.log.entries.count { $0.message == "listening" } == 2 }
        }
    }

    @Test("an address that is in use stops the server with an error")
    func taken() async throws {
        try await TestServer.run { server in
            let taken = ServerSettings.Address.host("127.0.0.1", port: server.port)
            let error = await #expect(throws: CannotListen.self) {
                try await TestServer.run(configure: { $0.addresses = [taken] }) { _ in }
            }
            #expect(error?.address == taken)
            #expect(error?.isInUse == true)
        }
    }
}
