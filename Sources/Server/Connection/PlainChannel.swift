import HummingbirdCore
import IdentityProvider
import Logging
import NIOCore

/// A connection in the clear, with HTTP/1.1.
struct PlainChannel: ServerChildChannel {
    private let http1: GuardedHTTP1Channel
    private let limits: Limits
    private let grace: TimeAmount

    init(limits: Limits, grace: TimeAmount, responder: @escaping HTTPChannelHandler.Responder) {
        self.limits = limits
        self.grace = grace
        http1 = GuardedHTTP1Channel(limits: limits, responder: responder)
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<PendingConnection> {
        do {
            try channel.pipeline.syncOperations.addHandler(
                ConnectionGuard(limits: limits, grace: grace, awaitsHandshake: false))
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        let connection = http1.setup(channel: channel, logger: logger).map { HTTPConnection.http1($0) }
        return channel.eventLoop.makeSucceededFuture(PendingConnection(connection, on: channel))
    }

    func handle(value: PendingConnection, logger: Logger) async {
        await value.serve { connection in
            guard case .http1(let connection) = connection else { return }
            await http1.handle(value: connection, logger: logger)
        }
    }
}
