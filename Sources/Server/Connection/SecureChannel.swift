import HummingbirdCore
import HummingbirdHTTP2
import IdentityProvider
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// A connection over TLS, with HTTP/2 or HTTP/1.1 as the two sides agree (RFC 7301).
struct SecureChannel: ServerChildChannel {
    private let certificate: TLSCertificate
    private let limits: Limits
    private let grace: TimeAmount
    private let http1: GuardedHTTP1Channel
    private let http2: HTTP2Channel

    init(
        certificate: TLSCertificate, limits: Limits, grace: TimeAmount,
        responder: @escaping HTTPChannelHandler.Responder
    ) {
        self.certificate = certificate
        self.limits = limits
        self.grace = grace
        http1 = GuardedHTTP1Channel(limits: limits, responder: responder)
        http2 = HTTP2Channel(
            responder: responder,
            configuration: HTTP2ChannelConfiguration(
                idleTimeout: .seconds(limits.idleTimeout),
                gracefulCloseTimeout: .nanoseconds(grace.nanoseconds),
                streamConfiguration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [HTTP2StreamGuard(limits: limits)],
                    idleTimeout: TimeAmount(seconds: limits.idleTimeout))))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<PendingConnection> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            // A new connection takes the certificate that is current now.
            try pipeline.addHandler(NIOSSLServerHandler(context: certificate.context))
            try pipeline.addHandler(ConnectionGuard(limits: limits, grace: grace, awaitsHandshake: true))
            let negotiation = NIOTypedApplicationProtocolNegotiationHandler<HTTPConnection> { result, channel in
                switch result {
                case .negotiated("h2"): http2.setup(channel: channel, logger: logger).map { .http2($0) }
                case .negotiated, .fallback: http1.setup(channel: channel, logger: logger).map { .http1($0) }
                }
            }
            try pipeline.addHandler(negotiation)
            return PendingConnection(negotiation.protocolNegotiationResult, on: channel)
        }
    }

    func handle(value: PendingConnection, logger: Logger) async {
        // Without a handshake there is nobody to serve, and the guard has closed the connection.
        await value.serve { connection in
            switch connection {
            case .http1(let connection): await http1.handle(value: connection, logger: logger)
            case .http2(let connection): await http2.handle(value: connection, logger: logger)
            }
        }
    }
}
