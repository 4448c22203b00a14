import HTTPTypes
import IdentityProvider
import NIOCore
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP2

/// Limits how long a request on an HTTP/2 connection may take to arrive and its response to be accepted. Keeps the
/// stream open until the response is sent.
final class HTTP2StreamGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Bytes that a stream costs the server, apart from its response.
    static let cost = 32 << 10

    private enum AnswerState { case none, written, sent }

    private let limits: Limits
    private let connection: HTTP2ConnectionGuard
    private var isReceiving = false
    private var answer = AnswerState.none
    /// The stream's current cost in bytes.
    private var held = 0
    private var closesWhenSent = false
    private var timer: Scheduled<Void>?

    init(limits: Limits, connection: HTTP2ConnectionGuard) {
        self.limits = limits
        self.connection = connection
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        release()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        release()
        context.fireChannelInactive()
    }

    // MARK: Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.requestProgressed()
        switch unwrapInboundIn(data) {
        case .head:
            guard isAdmitted(context) else { return }
            isReceiving = true
            schedule(limits.requestDeadline, context)
        case .body:
            // The body is no longer read once the response is written.
            if answer != .none { return }
        case .end:
            isReceiving = false
            timer?.cancel()
            if answer == .written { schedule(limits.responseDeadline, context) }
        }
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        // The connection shuts down when its streams are done.
        case is ChannelShouldQuiesceEvent: break
        case let head as MalformedHead: refuse(head, context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// Refuses a stream before any work is done for it, so that the client may retry (RFC 9113 §8.7).
    private func isAdmitted(_ context: ChannelHandlerContext) -> Bool {
        if connection.takesRequest(), hold(Self.cost) { return true }
        let reset = NIOHTTP2FramePayloadToHTTPEvent.reset(code: .refusedStream)
        context.triggerUserOutboundEvent(reset, promise: nil)
        return false
    }

    private func refuse(_ head: MalformedHead, _ context: ChannelHandlerContext) {
        guard isAdmitted(context) else { return }
        isReceiving = !head.isWholeRequest
        let refusal = RequestRefusal()
        write(context, .head(refusal.head))
        write(context, .body(refusal.body))
        write(context, .end(nil))
        flush(context: context)
    }

    // MARK: Outbound

    private func write(_ context: ChannelHandlerContext, _ part: HTTPResponsePart) {
        write(context: context, data: wrapOutboundOut(part), promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head: context.write(data, promise: promise)
        case .body(let bytes):
            guard hold(bytes.readableBytes) else {
                promise?.fail(ChannelError.outputClosed)
                return context.close(mode: .all, promise: nil)
            }
            context.write(data, promise: promise)
        case .end: finish(data, context, promise)
        }
    }

    private func finish(_ end: NIOAny, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        answer = .written
        // The response came before the whole request. The client may stop sending (RFC 9113 §8.1); if not, the stream
        // is closed.
        if isReceiving { schedule(2, context) }
        let sent = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        sent.futureResult.whenComplete { _ in
            let (handler, context) = bound.value
            handler.answer = .sent
            if !handler.isReceiving { handler.timer?.cancel() }
            if handler.closesWhenSent { context.close(mode: .all, promise: nil) }
        }
        context.write(end, promise: sent)
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        // While the client's flow-control window is full, the response stays here, for as long as the client likes
        // (RFC 9113 §5.2).
        if answer == .written, !isReceiving { schedule(limits.responseDeadline, context) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, answer == .written else { return context.close(mode: mode, promise: promise) }
        // Closing now would discard whatever exceeds the client's flow-control window (RFC 9113 §5.2).
        closesWhenSent = true
        context.flush()
        if let promise { context.channel.closeFuture.cascade(to: promise) }
    }

    private func hold(_ bytes: Int) -> Bool {
        guard connection.hold(bytes) else { return false }
        held += bytes
        return true
    }

    private func release() {
        connection.release(held)
        held = 0
    }

    // MARK: Timeouts

    private func schedule(_ seconds: Double, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: TimeAmount(seconds: seconds)) {
            let (handler, context) = bound.value
            handler.timeIsUp(context)
        }
    }

    private func timeIsUp(_ context: ChannelHandlerContext) {
        switch answer {
        case .none: context.fireErrorCaught(RequestTimeout())
        case .written, .sent: context.close(mode: .all, promise: nil)
        }
    }
}
