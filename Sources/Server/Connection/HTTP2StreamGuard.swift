import IdentityProvider
import NIOCore
import NIOHTTPTypes

/// Bounds the time in which one request of an HTTP/2 connection must arrive, and sees to it that the stream is closed
/// neither before its answer is sent nor long after.
final class HTTP2StreamGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum AnswerState { case none, written, sent }

    private let limits: Limits
    private var isReceiving = false
    private var answer = AnswerState.none
    private var closesWhenSent = false
    private var timer: Scheduled<Void>?

    init(limits: Limits) { self.limits = limits }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            isReceiving = true
            schedule(limits.requestDeadline, context)
        case .body:
            // Nobody reads on after the answer.
            if answer != .none { return }
        case .end:
            isReceiving = false
            timer?.cancel()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        answer = .written
        // It came before the request was all there: the client may stop sending (RFC 9113 §8.1), or is stopped.
        if isReceiving { schedule(2, context) }
        let sent = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        sent.futureResult.whenComplete { _ in
            let (handler, context) = bound.value
            handler.answer = .sent
            if handler.closesWhenSent { context.close(mode: .all, promise: nil) }
        }
        context.write(data, promise: sent)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, answer == .written else { return context.close(mode: mode, promise: promise) }
        // What the client's window has no room for yet would be thrown away (RFC 9113 §5.2).
        closesWhenSent = true
        context.flush()
        if let promise { context.channel.closeFuture.cascade(to: promise) }
    }

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
