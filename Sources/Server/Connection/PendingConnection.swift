import HummingbirdCore
import NIOCore
import Synchronization

/// A connection with the protocol that its two sides agreed on.
enum HTTPConnection: Sendable {
    case http1(HTTP1Channel.Value)
    case http2(GuardedHTTP2Channel.Value)
}

/// A connection on its way to whoever serves it.
///
/// One that is accepted in the very moment in which the server stops is served by nobody. It must be finished all the
/// same: NIO ends the whole program when an asynchronous channel is forgotten.
final class PendingConnection: ServerChildChannelValue {
    let channel: any Channel
    private let negotiated: EventLoopFuture<HTTPConnection>
    private let isTaken = Atomic(false)

    init(_ negotiated: EventLoopFuture<HTTPConnection>, on channel: any Channel) {
        self.channel = channel
        self.negotiated = negotiated
    }

    /// A connection that is closed at once.
    convenience init(refused channel: any Channel) {
        self.init(channel.eventLoop.makeFailedFuture(ConnectionRefused()), on: channel)
        channel.close(promise: nil)
    }

    /// Hands the connection to `body`, on the event loop that reads and writes it; nothing when the two sides did not
    /// agree on a protocol.
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

/// The peer has as many connections as it may.
private struct ConnectionRefused: Error {}
