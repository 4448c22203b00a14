import HTTPTypes
import ServiceLifecycle

/// Serves a few files from memory, such as the demo application, and pages that are made for each request.
package struct StaticSite: Service {
    package struct File: Sendable {
        let type: String
        let bytes: [UInt8]

        package init(type: String, bytes: [UInt8]) {
            self.type = type
            self.bytes = bytes
        }
    }

    package typealias Page = @Sendable () async -> File

    private let server: HTTPServer

    /// `files` and `pages` are keyed by path. `policy` is their Content Security Policy.
    package init(
        settings: ServerSettings, files: [String: File], pages: [String: Page] = [:], policy: String,
        onRunning: @escaping @Sendable (Int?) async -> Void = { _ in }
    ) {
        let layers: [any Middleware] = [TraceMiddleware(), LogMiddleware(), SecurityHeadersMiddleware()]
        let pipeline = Pipeline(layers) { exchange in
            let path = String(exchange.path)
            guard files[path] != nil || pages[path] != nil else { return .notFound }
            guard [.get, .head].contains(exchange.head.method) else { return .readOnly }
            var file = files[path]
            if file == nil { file = await pages[path]?() }
            guard let file else { return .notFound }
            return Answer(
                status: .ok, headers: [.contentType: file.type, .contentSecurityPolicy: policy], body: file.bytes,
                route: "file")
        }
        server = HTTPServer(settings: settings, pipeline: pipeline, onRunning: onRunning)
    }

    package func run() async throws { try await server.run() }
}
