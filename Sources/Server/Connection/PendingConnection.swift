import HummingbirdCore
import NIOCore
import Synchronization

/// A connection with its negotiated protocol.
enum HTTPConnection: Sendable {
    case http1(HTTP1Channel.Value)
    case http2(GuardedHTTP2Channel.Value)
}

/// A connection that is waiting to be served.
///
/// A connection accepted at the moment the server stops is never served. It must be finished nonetheless, because NIO
/// traps if an asynchronous channel is dropped.
final class PendingConnection: ServerChildChannelValue {
    let channel: any Channel
    private let negotiated: EventLoopFuture<HTTPConnection>
    private let isTaken = Atomic(false)

    init(_ negotiated: EventLoopFuture<HTTPConnection>, on channel: any Channel) {
        self.channel = channel
        self.negotiated = negotiated
    }

    /// Creates a connection that is closed immediately.
    convenience init(refused channel: any Channel) {
        self.init(channel.eventLoop.makeFailedFuture(ConnectionRefused()), on: channel)
        channel.close(promise: nil)
    }

    /// Passes the connection to `body` on its event loop. Does nothing if protocol negotiation failed.
    func serve(_ body: @Sendable (HTTPConnection) async -> Void) async {
        isTaken.store(true, ordering: .relaxed)
        await withTaskExecutorPreference(LoopExecutor.of(channel.eventLoop)) {
            guard let connection = try? await negotiated.get() else { return }
            await body(connection)
        }
    }

    deinit {
        guard !isTaken.load(ordering: .relaxed) else { return }
        negotiated.whenSuccess { connection in
            guard case .http1(let channel) = connection else { return }
            Task { try await channel.executeThenClose { _, _ in } }
        }
        channel.close(promise: nil)
    }
}

/// The peer has reached its connection limit.
private struct ConnectionRefused: Error {}
