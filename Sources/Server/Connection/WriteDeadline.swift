import IdentityProvider
import NIOCore

/// Closes a connection whose peer does not read what is written to it. Works on the socket's bytes, below TLS, and
/// costs nothing while the system's buffer has room.
final class WriteDeadline: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let limits: Limits
    private let connection: TrackedConnection
    private var written = 0
    /// How many bytes of `written` must be accepted, and by when.
    private var due: (bytes: Int, deadline: NIODeadline)?
    private var held = 0
    private var timer: Scheduled<Void>?

    init(limits: Limits, connection: TrackedConnection) {
        self.limits = limits
        self.connection = connection
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        connection.release(held)
        held = 0
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        written += unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        if due == nil { checkProgress(context) }
    }

    private func checkProgress(_ context: ChannelHandlerContext) {
        let waiting = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        let hasRoom = connection.hold(waiting - held)
        if hasRoom { held = waiting }
        guard waiting > 0 else {
            due = nil
            return
        }
        let now = NIODeadline.now()
        if due.map({ written - waiting >= $0.bytes }) ?? true {
            due = (written, now + TimeAmount(seconds: limits.responseDeadline))
        }
        guard hasRoom, let due, due.deadline > now else { return context.close(mode: .all, promise: nil) }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: min(due.deadline, now + .seconds(1))) {
            let (handler, context) = bound.value
            handler.checkProgress(context)
        }
    }
}
