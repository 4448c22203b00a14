import HTTPTypes
import HummingbirdCore
import IdentityProvider
import NIOCore
import ServiceLifecycle

/// The server for one or several issuers: middleware around a route table, over HTTP/1.1 and, with TLS, also HTTP/2.
package struct HTTPServer: Service {
    private let settings: ServerSettings
    private let pipeline: Pipeline
    private let conflict: ConflictingRoutes?
    private let onRunning: @Sendable (Int?) async -> Void

    /// `onRunning` receives the port of each address once it accepts connections; `nil` for a Unix socket.
    package init(
        settings: ServerSettings, providers: [MountedProvider], pages: PageRenderer,
        readiness: Readiness = Readiness(true),
        onRunning: @escaping @Sendable (Int?) async -> Void = { _ in }
    ) {
        let table = RouteTable(providers)
        let mount = Mount(table: table, pages: pages, readiness: readiness)
        let layers: [any Middleware] = [
            ClientAddressMiddleware(proxies: settings.proxies),
            MetricsMiddleware(),
            TraceMiddleware(),
            LogMiddleware(),
            SecurityHeadersMiddleware(),
            CrossOriginMiddleware(),
        ]
        self.init(
            settings: settings, pipeline: Pipeline(layers, around: mount.respond), conflict: table.conflict,
            onRunning: onRunning)
    }

    init(
        settings: ServerSettings, pipeline: Pipeline, conflict: ConflictingRoutes? = nil,
        onRunning: @escaping @Sendable (Int?) async -> Void
    ) {
        self.settings = settings
        self.conflict = conflict
        self.pipeline = pipeline
        self.onRunning = onRunning
    }

    /// Serves until the service group shuts down. Throws `ConflictingRoutes`, `InvalidCertificate`, or
    /// `CannotListen`.
    package func run() async throws {
        if let conflict { throw conflict }
        let certificate = try settings.tls.map { settings throws(InvalidCertificate) in try TLSCertificate(settings) }
        try await withThrowingTaskGroup { group in
            if let certificate { group.addTask { await certificate.watch() } }
            try await withThrowingTaskGroup { listeners in
                for address in settings.addresses {
                    let listener = Listener(
                        address: address, settings: settings, certificate: certificate,
                        responder: responder(isSecure: certificate != nil), onRunning: onRunning)
                    listeners.addTask { try await listener.run() }
                }
                try await listeners.waitForAll()
            }
            group.cancelAll()
        }
    }

    private func responder(isSecure: Bool) -> HTTPChannelHandler.Responder {
        { [pipeline] request, writer, channel in
            let exchange = Exchange(
                head: request.head, body: RequestContent(of: request), isSecure: isSecure,
                remoteAddress: channel.remoteAddress?.ipAddress ?? "")
            let answer: Answer
            // The connection handles the underlying error.
            do { answer = try await pipeline.respond(to: exchange) } catch let error as BrokenRequest {
                throw error.cause
            }
            var head = HTTPResponse(status: answer.status, headerFields: answer.headers)
            head.headerFields[.date] = HTTPDate.now
            // Not allowed where there can be no content (RFC 9110 §8.6).
            if answer.status != .noContent, answer.status != .notModified {
                head.headerFields[.contentLength] = String(answer.body.count)
            }
            if request.method == .head || answer.body.isEmpty {
                try await writer.writeResponse(head)
            } else {
                try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
            }
        }
    }
}
