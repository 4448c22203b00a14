import HTTPTypes
import ServiceLifecycle

/// Serves `/metrics` at a separate address. Anyone who can connect there can read it.
package struct MetricsSite: Service {
    private let server: HTTPServer

    /// `text` is called for each request; `type` is its content type.
    package init(
        settings: ServerSettings, type: String, text: @escaping @Sendable () -> [UInt8],
        onRunning: @escaping @Sendable (Int?) async -> Void = { _ in }
    ) {
        // Neither logged nor traced, because it is scraped every few seconds.
        let pipeline = Pipeline([SecurityHeadersMiddleware()]) { exchange in
            guard exchange.path == "/metrics" else { return .notFound }
            guard [.get, .head].contains(exchange.head.method) else { return .readOnly }
            // Collecting reads every series and system files, so it runs off the event loop, where others would wait.
            let body = await withTaskExecutorPreference(globalConcurrentExecutor) { text() }
            return Answer(status: .ok, headers: [.contentType: type], body: body, route: "/metrics")
        }
        server = HTTPServer(settings: settings, pipeline: pipeline, onRunning: onRunning)
    }

    package func run() async throws { try await server.run() }
}
