import HTTPTypes
import ServiceLifecycle

/// `/metrics` at an address of its own: who can connect there can read it.
package struct MetricsSite: Service {
    private let server: HTTPServer

    /// `text` is asked for at every request; `type` is what it is.
    package init(
        settings: ServerSettings, type: String, text: @escaping @Sendable () -> [UInt8],
        onRunning: @escaping @Sendable (Int?) async -> Void = { _ in }
    ) {
        // Neither logged nor traced: it is asked for every few seconds, for ever.
        let pipeline = Pipeline([SecurityHeadersMiddleware()]) { exchange in
            guard exchange.path == "/metrics" else { return .notFound }
            guard [.get, .head].contains(exchange.head.method) else { return .readOnly }
            // It looks at all that was ever counted, and at files of the system: not while others wait for their loop.
            let body = await withTaskExecutorPreference(globalConcurrentExecutor) { text() }
            return Answer(status: .ok, headers: [.contentType: type], body: body, route: "/metrics")
        }
        server = HTTPServer(settings: settings, pipeline: pipeline, onRunning: onRunning)
    }

    package func run() async throws { try await server.run() }
}
