import IdentityProvider
import NIOCore
import NIOTLS

/// Limits the duration of the TLS handshake, and of a shutdown that the peer does not cooperate with. Sits above TLS,
/// on the plaintext of every connection.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let limits: Limits
    private let grace: TimeAmount
    private var awaitsHandshake: Bool
    private var timer: Scheduled<Void>?
    private var shutdown: Scheduled<Void>?

    init(settings: ServerSettings, awaitsHandshake: Bool) {
        limits = settings.limits
        grace = TimeAmount(seconds: settings.shutdownGrace)
        self.awaitsHandshake = awaitsHandshake
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard awaitsHandshake else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: TimeAmount(seconds: limits.handshakeDeadline)) {
            bound.value.close(mode: .all, promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { stopTimers() }

    func channelInactive(context: ChannelHandlerContext) {
        stopTimers()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            awaitsHandshake = false
            timer?.cancel()
        case is ConnectionShouldYield where awaitsHandshake:
            return context.close(mode: .all, promise: nil)
        case is ChannelShouldQuiesceEvent where awaitsHandshake:
            // No request has been accepted yet, and the handlers behind would wait for the handshake.
            context.close(mode: .all, promise: nil)
            return
        case is ChannelShouldQuiesceEvent:
            // HTTP/2 asks the peer before closing (RFC 9113 §6.8), but a peer need not respond.
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            shutdown = context.eventLoop.scheduleTask(in: grace) { bound.value.close(mode: .all, promise: nil) }
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all else { return context.close(mode: mode, promise: promise) }
        // The HTTP/2 server closes before it has written the last frames of a response. They arrive within this tick of
        // the event loop, so the close waits for the next.
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.execute {
            bound.value.flush()
            bound.value.close(mode: .all, promise: promise)
        }
    }

    private func stopTimers() {
        timer?.cancel()
        shutdown?.cancel()
    }
}
