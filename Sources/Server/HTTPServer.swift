import HTTPTypes
import HummingbirdCore
import IdentityProvider
import NIOCore
import ServiceLifecycle

/// The server for one or several issuers: middleware around a route table, over HTTP/1.1 and, with TLS, also HTTP/2.
package struct HTTPServer: Service {
    private let settings: ServerSettings
    private let pipeline: Pipeline
    /// Serves the address at which clients are asked for certificates; `nil` if there is none.
    private let certificatePipeline: Pipeline?
    private let conflict: ConflictingRoutes?
    private let onRunning: @Sendable (Int?) async -> Void

    /// `onRunning` receives the port of each address in `settings.addresses` once it accepts connections; `nil` for a
    /// Unix socket.
    package init(
        settings: ServerSettings, providers: [MountedProvider], pages: PageRenderer,
        readiness: Readiness = Readiness(true),
        onRunning: @escaping @Sendable (Int?) async -> Void = { _ in }
    ) {
        let layers: [any Middleware] = [
            ClientAddressMiddleware(proxies: settings.proxies),
            MetricsMiddleware(),
            TraceMiddleware(),
            LogMiddleware(),
            SecurityHeadersMiddleware(),
            CrossOriginMiddleware(),
        ]
        func pipeline(_ table: RouteTable, takingCertificatesFrom proxies: TrustedProxies) -> Pipeline {
            let certificates = settings.certificateField.map { CertificateMiddleware(field: $0, proxies: proxies) }
            let mount = Mount(table: table, pages: pages, readiness: readiness)
            return Pipeline((certificates.map { [$0] } ?? []) + layers, around: mount.respond)
        }
        let table = RouteTable(providers)
        self.init(
            settings: settings, pipeline: pipeline(table, takingCertificatesFrom: settings.proxies),
            certificatePipeline: settings.certificateAddress.map { _ in
                // Connections have certificates of their own, with which no field may compete.
                pipeline(RouteTable(providers, forPrograms: true), takingCertificatesFrom: .none)
            },
            conflict: table.conflict, onRunning: onRunning)
    }

    init(
        settings: ServerSettings, pipeline: Pipeline, certificatePipeline: Pipeline? = nil,
        conflict: ConflictingRoutes? = nil, onRunning: @escaping @Sendable (Int?) async -> Void
    ) {
        self.settings = settings
        self.conflict = conflict
        self.pipeline = pipeline
        self.certificatePipeline = certificatePipeline
        self.onRunning = onRunning
    }

    /// Serves until the service group shuts down. Throws `ConflictingRoutes`, `InvalidCertificate`, or
    /// `CannotListen`.
    package func run() async throws {
        if let conflict { throw conflict }
        let certificate = try settings.tls.map { settings throws(InvalidCertificate) in try TLSCertificate(settings) }
        let asking = try settings.certificateAddress == nil ? nil : certificate?.askingClients()
        try await withThrowingTaskGroup { group in
            for case let certificate? in [certificate, asking] { group.addTask { await certificate.watch() } }
            try await withThrowingTaskGroup { running in
                for listener in listeners(certificate, asking) { running.addTask { try await listener.run() } }
                try await running.waitForAll()
            }
            group.cancelAll()
        }
    }

    private func listeners(_ certificate: TLSCertificate?, _ asking: TLSCertificate?) -> [Listener] {
        var listeners = settings.addresses.map { address in
            Listener(
                address: address, settings: settings, certificate: certificate, chains: nil,
                responder: responder(pipeline, isSecure: certificate != nil), onRunning: onRunning)
        }
        if let asking, let address = settings.certificateAddress, let certificatePipeline {
            listeners.append(
                Listener(
                    address: address, settings: settings, certificate: asking, chains: ClientChains(),
                    responder: responder(certificatePipeline, isSecure: true, asksClients: true), onRunning: { _ in }))
        }
        return listeners
    }

    private func responder(
        _ pipeline: Pipeline, isSecure: Bool, asksClients: Bool = false
    ) -> HTTPChannelHandler.Responder {
        { request, writer, channel in
            let certificates = asksClients ? await ClientCertificates.certificates(at: channel) : []
            let exchange = Exchange(
                head: request.head, body: RequestContent(of: request), isSecure: isSecure,
                remoteAddress: channel.remoteAddress?.ipAddress ?? "", certificates: .success(certificates))
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
