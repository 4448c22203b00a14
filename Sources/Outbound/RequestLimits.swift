import Synchronization

/// Limits the requests in flight, in total and to each server, so that slow servers can't use up memory and sockets.
final class RequestLimits: Sendable {
    private struct Server {
        let limit: ConcurrencyLimit
        var users = 0
    }

    private let total: ConcurrencyLimit
    private let perServer: Int
    private let servers = Mutex<[String: Server]>([:])

    init(total: Int = 64, perServer: Int = 4) {
        self.total = ConcurrencyLimit(total)
        self.perServer = perServer
    }

    /// `server` is the host and port. Throws `CancellationError` if the task is canceled while it waits.
    func run<Result>(to server: String, _ body: () async throws -> Result) async throws -> Result {
        let limit = join(server)
        defer { leave(server) }
        // In this order, so that a task waiting for a slow server doesn't hold one of the slots for all.
        return try await limit.run { try await total.run(body) }
    }

    private func join(_ name: String) -> ConcurrencyLimit {
        servers.withLock { servers in
            var server = servers[name] ?? Server(limit: ConcurrencyLimit(perServer))
            server.users += 1
            servers[name] = server
            return server.limit
        }
    }

    private func leave(_ name: String) {
        servers.withLock { servers in
            servers[name]?.users -= 1
            if servers[name]?.users == 0 { servers[name] = nil }
        }
    }
}
