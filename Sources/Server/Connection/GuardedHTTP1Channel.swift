import HummingbirdCore
import IdentityProvider
import Logging
import NIOCore
import NIOHTTPTypesHTTP1

/// HTTP/1.1 on a connection, with an `HTTP1Guard` between the parser and the handlers that trust it.
struct GuardedHTTP1Channel: Sendable {
    private let base: HTTP1Channel
    private let limits: Limits

    init(limits: Limits, responder: @escaping HTTPChannelHandler.Responder) {
        self.limits = limits
        base = HTTP1Channel(
            responder: responder,
            configuration: HTTP1Channel.Configuration(
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.headerSize, maxHeaderListSize: limits.headerSize,
                    maxHeaderFieldCount: 100)))
    }

    func setup(channel: any Channel, connection: TrackedConnection, logger: Logger) -> EventLoopFuture<
        HTTP1Channel.Value
    > {
        let value = base.setup(channel: channel, logger: logger)
        do {
            let pipeline = channel.pipeline.syncOperations
            let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
            try pipeline.addHandler(HTTP1Guard(limits: limits, connection: connection), position: .before(codec))
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return value
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
