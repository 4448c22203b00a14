import IdentityProvider
import NIOCore
import NIOTLS

/// Stands on the plain bytes of every connection, above TLS if there is TLS, and bounds the time of a handshake and of a
/// shutdown that the peer doesn't agree to.
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

    private func stopTimers() {
        timer?.cancel()
        shutdown?.cancel()
    }
}
