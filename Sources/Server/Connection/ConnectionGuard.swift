import IdentityProvider
import NIOCore
import NIOTLS

/// Stands on the plain bytes of every connection, behind TLS where there is TLS, and bounds its life: a handshake that
/// never ends, a peer that fell silent, a shutdown that the peer will not agree to.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let limits: Limits
    private let grace: TimeAmount
    private var awaitsHandshake: Bool
    private var lastRead = NIODeadline.now()
    private var timer: Scheduled<Void>?
    private var shutdown: Scheduled<Void>?

    init(limits: Limits, grace: TimeAmount, awaitsHandshake: Bool) {
        self.limits = limits
        self.grace = grace
        self.awaitsHandshake = awaitsHandshake
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if awaitsHandshake {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            timer = context.eventLoop.scheduleTask(in: TimeAmount(seconds: limits.handshakeDeadline)) {
                bound.value.close(mode: .all, promise: nil)
            }
        } else {
            watchSilence(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { stopTimers() }

    func channelInactive(context: ChannelHandlerContext) {
        stopTimers()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastRead = .now()
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            awaitsHandshake = false
            timer?.cancel()
            watchSilence(context)
        case is ChannelShouldQuiesceEvent where awaitsHandshake:
            // Nobody was promised anything yet; and those behind would wait for the handshake.
            context.close(mode: .all, promise: nil)
            return
        case is ChannelShouldQuiesceEvent:
            // HTTP/2 asks the peer before it closes (RFC 9113 §6.8), and a peer need not answer.
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            shutdown = context.eventLoop.scheduleTask(in: grace) { bound.value.close(mode: .all, promise: nil) }
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all else { return context.close(mode: mode, promise: promise) }
        // The HTTP/2 server closes before it has written the last frames of a response: they come within this tick of
        // the loop, the close within the next.
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.execute {
            bound.value.flush()
            bound.value.close(mode: .all, promise: promise)
        }
    }

    /// Closes when nothing was read for longer than a peer with any intention would wait: it is gone, does not read
    /// what it asked for, or does not agree to close an idle HTTP/2 connection.
    private func watchSilence(_ context: ChannelHandlerContext) {
        let limit = TimeAmount(seconds: 2 * limits.idleTimeout + limits.requestDeadline)
        let deadline = lastRead + limit
        guard deadline > .now() else { return context.close(mode: .all, promise: nil) }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: deadline) {
            let (handler, context) = bound.value
            handler.watchSilence(context)
        }
    }

    private func stopTimers() {
        timer?.cancel()
        shutdown?.cancel()
    }
}
