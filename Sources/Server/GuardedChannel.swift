import HummingbirdCore
import Logging
import NIOCore
import NIOSSL

/// A channel with a `ConnectionGuard` behind its TLS.
struct GuardedChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base
    let handshakeDeadline: TimeAmount

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
        let value = base.setup(channel: channel, logger: logger)
        do {
            // The base puts TLS in place before it returns; what follows it is negotiated later.
            let pipeline = channel.pipeline.syncOperations
            let tls = try pipeline.handler(type: NIOSSLServerHandler.self)
            try pipeline.addHandler(ConnectionGuard(deadline: handshakeDeadline), position: .after(tls))
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return value
    }

    func handle(value: Base.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
