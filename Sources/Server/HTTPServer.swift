import HTTPTypes
import HummingbirdCore
import HummingbirdHTTP2
package import IdentityProvider
import Logging
import NIOCertificateReloading
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// The server for one or several issuers: layers around a route table, on HTTP/1.1, and over TLS on HTTP/2, too.
package struct HTTPServer: Service {
    private let settings: ServerSettings
    private let pipeline: Pipeline
    private let onRunning: @Sendable (Int?) async -> Void

    /// `onRunning` hears the port once requests are accepted.
    package init(
        settings: ServerSettings, providers: [MountedProvider], pages: PageRenderer, limiter: RateLimiter,
        clock: SystemClock = SystemClock(), onRunning: @escaping @Sendable (Int?) async -> Void = { _ in }
    ) {
        let mount = Mount(table: RouteTable(providers), pages: pages, limiter: limiter, clock: clock)
        self.init(
            settings: settings,
            pipeline: Pipeline(
                [
                    ClientAddressMiddleware(proxies: settings.proxies), TraceMiddleware(), SecurityHeadersMiddleware(),
                ], around: mount.respond), onRunning: onRunning)
    }

    init(
        settings: ServerSettings, pipeline: Pipeline, onRunning: @escaping @Sendable (Int?) async -> Void
    ) {
        self.settings = settings
        self.pipeline = pipeline
        self.onRunning = onRunning
    }

    package func run() async throws {
        let address: BindAddress =
            switch settings.address {
            case .host(let host, let port): .hostname(host, port: port)
            case .unixSocket(let path): .unixDomainSocket(path: path)
            }
        let configuration = ServerConfiguration(address: address, serverName: nil)
        // TLS has its own log of failed handshakes that anybody can cause: keep it low.
        var logger = Logger.current
        logger.logLevel = .critical
        let running: @Sendable (any Channel) async -> Void = { [onRunning] in await onRunning($0.localAddress?.port) }
        if let tls = settings.tls {
            let reloader = try await certificate(tls)
            let channel = try secureChannel(reloader)
            let server = channel.server(
                configuration: configuration, onServerRunning: running,
                eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
            try await withThrowingTaskGroup { group in
                group.addTask { try await reloader.run() }
                try await server.run()
                group.cancelAll()
            }
        } else {
            let channel = HTTP1Channel(responder: responder(isSecure: false), configuration: http1)
            let server = channel.server(
                configuration: configuration, onServerRunning: running,
                eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
            try await server.run()
        }
    }

    private var http1: HTTP1Channel.Configuration {
        let limits = settings.limits
        return HTTP1Channel.Configuration(
            idleTimeout: .milliseconds(Int64(limits.idleTimeout * 1_000)),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headerSize, maxHeaderListSize: limits.headerSize, maxHeaderFieldCount: 100))
    }

    private func certificate(_ tls: ServerSettings.TLS) async throws -> TimedCertificateReloader {
        // A broken new file keeps the old certificate, and says so.
        try TimedCertificateReloader.makeReloaderValidatingSources(
            refreshInterval: .milliseconds(Int64(tls.reloadInterval * 1_000)),
            certificateSource: .init(location: .file(path: tls.certificate), format: .pem),
            privateKeySource: .init(location: .file(path: tls.key), format: .pem), logger: Logger.current)
    }

    private func secureChannel(
        _ reloader: TimedCertificateReloader
    ) throws -> GuardedChannel<HTTP2UpgradeChannel> {
        var tls = try TLSConfiguration.makeServerConfiguration(certificateReloader: reloader)
        tls.minimumTLSVersion = .tlsv12
        // A peer that does not say goodbye must not hold up the end.
        tls.shutdownTimeout = .milliseconds(500)
        let channel = try HTTP2UpgradeChannel(
            tlsConfiguration: tls,
            configuration: HTTP2ChannelConfiguration(
                idleTimeout: .seconds(settings.limits.idleTimeout),
                gracefulCloseTimeout: .seconds(settings.shutdownGrace), streamConfiguration: http1),
            responder: responder(isSecure: true))
        return GuardedChannel(
            base: channel, handshakeDeadline: .milliseconds(Int64(settings.limits.handshakeDeadline * 1_000)))
    }

    private func responder(isSecure: Bool) -> HTTPChannelHandler.Responder {
        let pipeline = pipeline
        let deadline = Duration.seconds(settings.limits.requestDeadline)
        return { request, writer, channel in
            let reader = BodyReader(
                body: request.body, announced: request.headers[.contentLength].flatMap { Int($0) }, deadline: deadline)
            let exchange = Exchange(
                head: request.head, body: RequestContent { try await reader.read($0) }, isSecure: isSecure,
                remoteAddress: channel.remoteAddress?.ipAddress ?? "")
            let answer = try await pipeline.respond(to: exchange)
            var headers = answer.headers
            if answer.status != .noContent, answer.status != .notModified {
                headers[.contentLength] = String(answer.body.count)
            }
            let head = HTTPResponse(status: answer.status, headerFields: headers)
            if request.method == .head {
                try await writer.writeResponse(head)
            } else {
                try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
            }
            if answer.closesConnection { channel.close(promise: nil) }
        }
    }
}
