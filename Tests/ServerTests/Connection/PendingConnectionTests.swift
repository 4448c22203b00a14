import HummingbirdCore
import IdentityProvider
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import Server

@Suite("Connections accepted while the server shuts down", .timeLimit(.minutes(1)))
struct PendingConnectionTests {
    private static let settings = ServerSettings(address: .host("127.0.0.1", port: 0), proxies: .none)

    /// Accepts connections and drops them, like a server that has stopped.
    private func forgetting<Base: ServerChildChannel>(
        _ base: Base, _ body: (Int) async throws -> Void
    ) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { base.setup(channel: $0, logger: Logger(label: "test")).map { _ in } }
            .bind(host: "127.0.0.1", port: 0).get()
        try await body(try #require(server.localAddress?.port))
        try await server.close()
    }

    @Test("a plain connection is closed, and the program keeps running")
    func plain() async throws {
        let channel = PlainChannel(settings: Self.settings) { _, _, _ in }
        try await forgetting(channel) { port in
            let isClosed = try await RawConnection.run(to: port) { try await $0.isClosed() }
            #expect(isClosed)
        }
    }

    @Test("a TLS connection is closed, and the program keeps running", arguments: ["http/1.1", "h2"])
    func secure(_ name: String) async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        let channel = SecureChannel(
            certificate: try TLSCertificate(certificate.files), settings: Self.settings
        ) { _, _, _ in }
        try await forgetting(channel) { port in
            let isClosed = try await RawConnection.run(to: port, tls: .client([name])) { try await $0.isClosed() }
            #expect(isClosed)
        }
    }

    @Test("many connections during the shutdown do no harm")
    func storm() async throws {
        for _ in 0..<20 {
            try await TestServer.run { server in
                await withTaskGroup { clients in
                    for _ in 0..<30 {
                        clients.addTask {
                            _ = try? await RawConnection.run(to: server.port) { try await $0.isClosed() }
                        }
                    }
                    await server.beginShutdown()
                }
            }
        }
    }
}
