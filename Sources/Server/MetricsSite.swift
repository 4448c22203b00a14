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
            guard exchange.path == "/metrics" else { return Self.refusal(.notFound, "not found") }
            guard [.get, .head].contains(exchange.head.method) else {
                var answer = Self.refusal(.methodNotAllowed, "method not allowed")
                answer.headers[.allow] = "GET, HEAD"
                return answer
            }
            // It looks at all that was ever counted, and at files of the system: not while others wait for their loop.
            let body = await withTaskExecutorPreference(globalConcurrentExecutor) { text() }
            return Answer(status: .ok, headers: [.contentType: type], body: body, route: "/metrics")
        }
        server = HTTPServer(settings: settings, pipeline: pipeline, onRunning: onRunning)
    }

    package func run() async throws { try await server.run() }

    private static func refusal(_ status: HTTPResponse.Status, _ text: String) -> Answer {
        Answer(status: status, headers: [.contentType: "text/plain"], body: Array(text.utf8))
    }
}
