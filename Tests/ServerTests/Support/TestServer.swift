import IdentityProvider
import InMemoryLogging
import Logging
import ServiceLifecycle

@testable import Server

/// A listening server that runs for as long as a test needs it.
struct TestServer: Sendable {
    let port: Int
    let log: InMemoryLogHandler
    private let group: ServiceGroup

    /// Starts the shutdown without waiting for its end.
    func beginShutdown() async { await group.triggerGracefulShutdown() }

    /// Runs `body` while the server is up, then stops the server and returns when it has stopped.
    static func run<Result: Sendable>(
        _ endpoints: [any Endpoint] = TestEndpoints.all, tls: ServerSettings.TLS? = nil,
        configure: (inout ServerSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        let provider = MountedProvider(issuer: try Issuer("http://localhost:8080"), endpoints: endpoints)
        return try await run(providers: [provider], tls: tls, configure: configure, body)
    }

    static func run<Result: Sendable>(
        providers: [MountedProvider], tls: ServerSettings.TLS? = nil,
        configure: (inout ServerSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        var settings = ServerSettings(
            addresses: [.host("127.0.0.1", port: 0)], tls: tls, proxies: try TrustedProxies([]))
        configure(&settings)
        let pages = try PageRenderer(name: "Martlet")
        return try await run(
            service: { onRunning in
                HTTPServer(settings: settings, providers: providers, pages: pages, onRunning: onRunning)
            }, body)
    }

    static func run<Result: Sendable>(
        service: (@escaping @Sendable (Int?) async -> Void) -> any Service,
        _ body: @escaping @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let service = service { port.yield($0 ?? 0) }
        let log = InMemoryLogHandler()
        let logger = Logger(label: "test") { _ in log }
        let group = ServiceGroup(
            configuration: .init(services: [service], logger: Logger(label: "group") { _ in SwiftLogNoOpLogHandler() }))
        return try await withLogger(logger) { _ in
            try await withThrowingTaskGroup(of: Result?.self) { tasks in
                tasks.addTask {
                    defer { port.finish() }
                    try await group.run()
                    return nil
                }
                tasks.addTask {
                    var iterator = ports.makeAsyncIterator()
                    guard let number = await iterator.next() else { return nil }
                    do {
                        let result = try await body(TestServer(port: number, log: log, group: group))
                        await group.triggerGracefulShutdown()
                        return result
                    } catch {
                        await group.triggerGracefulShutdown()
                        throw error
                    }
                }
                var result: Result?
                for try await value in tasks { result = value ?? result }
                guard let result else { throw ServerEnded() }
                return result
            }
        }
    }
}

/// The server stopped before the test did.
struct ServerEnded: Error {}
