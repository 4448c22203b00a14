import IdentityProvider
import NIOCore
import NIOHTTP2

/// Limits the lifetime of an HTTP/2 connection. Only requests keep it alive, whatever other frames arrive.
final class HTTP2ConnectionGuard: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private enum Stage {
        case serving
        /// The first GOAWAY has been sent, followed by this ping.
        case announced(HTTP2PingData)
        /// The client knows the last stream; the connection ends with it.
        case leaving
    }

    private let limits: Limits
    private let connection: TrackedConnection
    private var stage = Stage.serving
    private var streams: Set<HTTP2StreamID> = []
    private var lastStream = HTTP2StreamID.rootStream
    private var pings = PingAllowance()
    private var timer: Scheduled<Void>?
    private var context: ChannelHandlerContext?

    init(limits: Limits, connection: TrackedConnection) {
        self.limits = limits
        self.connection = connection
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        awaitRequest(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
    }

    // MARK: Requests

    /// Counts bytes that a stream costs. Returns `false`, and counts nothing, if the connection or its address exceeds
    /// its limit.
    func hold(_ bytes: Int) -> Bool { connection.hold(bytes) }

    func release(_ bytes: Int) { connection.release(bytes) }

    /// Returns `false` if the connection is about to close and accepts no requests.
    func takesRequest() -> Bool { connection.markBusy() }

    func requestProgressed() { pings.reset() }

    func streamOpened(_ id: HTTP2StreamID) {
        streams.insert(id)
        if takesRequest() { lastStream = max(lastStream, id) }
        timer?.cancel()
    }

    func streamClosed(_ id: HTTP2StreamID) {
        streams.remove(id)
        guard streams.isEmpty, let context else { return }
        connection.markIdle()
        switch stage {
        case .serving: awaitRequest(context)
        case .announced: awaitAcknowledgement(context)
        case .leaving: context.close(mode: .all, promise: nil)
        }
    }

    private func awaitRequest(_ context: ChannelHandlerContext) {
        schedule(limits.idleTimeout, context) { handler, context in
            handler.announceEnd(context)
            handler.awaitAcknowledgement(context)
        }
    }

    /// A request may still cross the announcement, and a client need not answer the ping.
    private func awaitAcknowledgement(_ context: ChannelHandlerContext) {
        schedule(limits.requestDeadline, context) { $1.close(mode: .all, promise: nil) }
    }

    // MARK: Connection frames

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data).payload, stage) {
        case (.ping(let data, ack: true), .announced(let expected)) where data == expected: takeLeave(context)
        case (.ping(_, ack: false), _):
            guard !pings.allows(at: .now()) else { break }
            end(.enhanceYourCalm, context)
        default: break
        }
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: announceEnd(context)
        case is ConnectionShouldYield, ChannelEvent.inputClosed: end(.noError, context)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(mode: .all, promise: nil) }

    /// Announces the shutdown in two steps, so that no request in flight is lost (RFC 9113 §6.8).
    private func announceEnd(_ context: ChannelHandlerContext) {
        guard case .serving = stage else { return }
        let ping = HTTP2PingData(withInteger: .random(in: .min ... .max))
        stage = .announced(ping)
        goAway(.maxID, .noError, context)
        context.writeAndFlush(
            wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: .ping(ping, ack: false))), promise: nil)
    }

    private func takeLeave(_ context: ChannelHandlerContext) {
        stage = .leaving
        goAway(lastStream, .noError, context)
        if streams.isEmpty { context.close(mode: .all, promise: nil) }
    }

    private func end(_ code: HTTP2ErrorCode, _ context: ChannelHandlerContext) {
        goAway(lastStream, code, context)
        context.close(mode: .all, promise: nil)
    }

    private func goAway(_ last: HTTP2StreamID, _ code: HTTP2ErrorCode, _ context: ChannelHandlerContext) {
        let payload = HTTP2Frame.FramePayload.goAway(lastStreamID: last, errorCode: code, opaqueData: nil)
        context.writeAndFlush(wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: payload)), promise: nil)
    }

    private func schedule(
        _ seconds: Double, _ context: ChannelHandlerContext,
        _ body: @escaping @Sendable (HTTP2ConnectionGuard, ChannelHandlerContext) -> Void
    ) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: TimeAmount(seconds: seconds)) {
            let (handler, context) = bound.value
            body(handler, context)
        }
    }
}

/// Reports opened and closed streams to the guard of their connection.
struct HTTP2StreamWatch: NIOHTTP2StreamDelegate {
    let connection: NIOLoopBound<HTTP2ConnectionGuard>

    func streamCreated(_ id: HTTP2StreamID, channel: any Channel) { connection.value.streamOpened(id) }

    func streamClosed(_ id: HTTP2StreamID, channel: any Channel) { connection.value.streamClosed(id) }
}
