import HummingbirdCore
import IdentityProvider
import Logging
import NIOCore
import NIOHTTP2
import NIOHTTPTypesHTTP2

/// HTTP/2 on a connection, with a channel for each request (RFC 9113 §5).
struct GuardedHTTP2Channel: Sendable {
    typealias Value = NIOHTTP2Handler.AsyncStreamMultiplexer<HTTP1Channel.Value>

    private let limits: Limits
    /// Serves the request of one stream, as it does those of an HTTP/1.1 connection.
    private let request: HTTP1Channel

    init(limits: Limits, responder: @escaping HTTPChannelHandler.Responder) {
        self.limits = limits
        request = HTTP1Channel(responder: responder)
    }

    func setup(channel: any Channel, connection: TrackedConnection) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let connectionGuard = HTTP2ConnectionGuard(limits: limits, connection: connection)
            let bound = NIOLoopBound(connectionGuard, eventLoop: channel.eventLoop)
            let streams = try channel.pipeline.syncOperations.configureAsyncHTTP2Pipeline(
                mode: .server, streamDelegate: HTTP2StreamWatch(connection: bound), configuration: Self.configuration
            ) { stream in setup(stream: stream, bound) }
            try channel.pipeline.syncOperations.addHandler(connectionGuard)
            return streams
        }
    }

    private func setup(
        stream: any Channel, _ connection: NIOLoopBound<HTTP2ConnectionGuard>
    ) -> EventLoopFuture<HTTP1Channel.Value> {
        stream.eventLoop.makeCompletedFuture {
            let pipeline = stream.pipeline.syncOperations
            try pipeline.addHandler(HTTP2HeadGuard())
            try pipeline.addHandler(HTTP2FramePayloadToHTTPServerCodec())
            try pipeline.addHandler(HTTP2StreamGuard(limits: limits, connection: connection.value))
            return try HTTP1Channel.Value(wrappingChannelSynchronously: stream)
        }
    }

    func handle(value: Value, logger: Logger) async {
        // An error ends this connection and affects no other.
        try? await withThrowingDiscardingTaskGroup { group in
            for try await stream in value.inbound {
                group.addTask { await request.handle(value: stream, logger: logger) }
            }
        }
    }

    private static var configuration: NIOHTTP2Handler.Configuration {
        var configuration = NIOHTTP2Handler.Configuration()
        // Allows for a client that pings before each request; `PingAllowance` handles the others.
        configuration.connection.controlFrameRateLimit.maximumCount = 1_000
        return configuration
    }
}
