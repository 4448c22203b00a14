import HummingbirdCore
import Logging
import NIOCore

/// A plaintext connection with HTTP/1.1.
struct PlainChannel: ServerChildChannel {
    private let http1: GuardedHTTP1Channel
    private let settings: ServerSettings
    private let table: ConnectionTable

    init(settings: ServerSettings, responder: @escaping HTTPChannelHandler.Responder) {
        self.settings = settings
        table = ConnectionTable(settings: settings)
        http1 = GuardedHTTP1Channel(limits: settings.limits, responder: responder)
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<PendingConnection> {
        channel.eventLoop.makeCompletedFuture {
            guard let connection = table.admit(channel) else { return PendingConnection(refused: channel) }
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(WriteDeadline(limits: settings.limits, connection: connection))
            try pipeline.addHandler(ConnectionGuard(settings: settings, awaitsHandshake: false))
            let value = http1.setup(channel: channel, connection: connection, logger: logger)
            return PendingConnection(value.map { .http1($0) }, on: channel)
        }
    }

    func handle(value: PendingConnection, logger: Logger) async {
        await value.serve { connection in
            guard case .http1(let connection) = connection else { return }
            await http1.handle(value: connection, logger: logger)
        }
    }
}
