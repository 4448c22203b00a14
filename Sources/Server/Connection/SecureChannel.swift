import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// A TLS connection with HTTP/2 or HTTP/1.1, as negotiated (RFC 7301).
struct SecureChannel: ServerChildChannel {
    private let certificate: TLSCertificate
    private let chains: ClientChains?
    private let settings: ServerSettings
    private let table: ConnectionTable
    private let http1: GuardedHTTP1Channel
    private let http2: GuardedHTTP2Channel

    init(
        certificate: TLSCertificate, chains: ClientChains? = nil, settings: ServerSettings,
        responder: @escaping HTTPChannelHandler.Responder
    ) {
        self.certificate = certificate
        self.chains = chains
        self.settings = settings
        table = ConnectionTable(settings: settings)
        http1 = GuardedHTTP1Channel(limits: settings.limits, responder: responder)
        http2 = GuardedHTTP2Channel(limits: settings.limits, responder: responder)
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<PendingConnection> {
        channel.eventLoop.makeCompletedFuture {
            guard let connection = table.admit(channel) else { return PendingConnection(refused: channel) }
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(WriteDeadline(limits: settings.limits, connection: connection))
            try addTLS(to: pipeline)
            try pipeline.addHandler(ConnectionGuard(settings: settings, awaitsHandshake: true))
            let negotiation = NIOTypedApplicationProtocolNegotiationHandler<HTTPConnection> { result, channel in
                switch result {
                case .negotiated("h2"):
                    http2.setup(channel: channel, connection: connection).map { .http2($0) }
                case .negotiated, .fallback:
                    http1.setup(channel: channel, connection: connection, logger: logger).map { .http1($0) }
                }
            }
            try pipeline.addHandler(negotiation)
            return PendingConnection(negotiation.protocolNegotiationResult, on: channel)
        }
    }

    /// Each new connection gets the current certificate.
    private func addTLS(to pipeline: ChannelPipeline.SynchronousOperations) throws {
        guard let chains else { return try pipeline.addHandler(NIOSSLServerHandler(context: certificate.context)) }
        let certificates = ClientCertificates(chains: chains)
        try pipeline.addHandler(
            NIOSSLServerHandler(context: certificate.context, customVerificationCallback: certificates.accept))
        try pipeline.addHandler(certificates)
    }

    func handle(value: PendingConnection, logger: Logger) async {
        // If the handshake fails, there is nothing to serve, and the guard has closed the connection.
        await value.serve { connection in
            switch connection {
            case .http1(let connection): await http1.handle(value: connection, logger: logger)
            case .http2(let connection): await http2.handle(value: connection, logger: logger)
            }
        }
    }
}
