import HTTPTypes
import ServiceLifecycle

/// Serves a few files from memory, such as the demo application.
package struct StaticSite: Service {
    package struct File: Sendable {
        let type: String
        let bytes: [UInt8]

        package init(type: String, bytes: [UInt8]) {
            self.type = type
            self.bytes = bytes
        }
    }

    private let server: HTTPServer

    /// `files` are keyed by path. `policy` is their Content Security Policy.
    package init(
        settings: ServerSettings, files: [String: File], policy: String,
        onRunning: @escaping @Sendable (Int?) async -> Void = { _ in }
    ) {
        let layers: [any Middleware] = [TraceMiddleware(), LogMiddleware(), SecurityHeadersMiddleware()]
        let pipeline = Pipeline(layers) { exchange in
            guard let file = files[String(exchange.path)] else { return .notFound }
            guard [.get, .head].contains(exchange.head.method) else { return .readOnly }
            return Answer(
                status: .ok, headers: [.contentType: file.type, .contentSecurityPolicy: policy], body: file.bytes,
                route: "file")
        }
        server = HTTPServer(settings: settings, pipeline: pipeline, onRunning: onRunning)
    }

    package func run() async throws { try await server.run() }
}
