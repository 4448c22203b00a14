import SQLStorage

/// One slot of the pool: a connection, and its replacement when it breaks. It belongs to one thread.
final class MariaDBLink: PooledConnection {
    private let settings: MariaDBSettings
    private let outage: MariaDBOutage
    private var connection: MariaDBConnection?

    init(_ settings: MariaDBSettings, _ outage: MariaDBOutage) {
        self.settings = settings
        self.outage = outage
    }

    /// Connects, and retries with growing random delays, so that nodes do not reconnect in lockstep.
    func prepare() {
        var pause = 25
        while !isUsable, !outage.isClosing {
            do { try connect() } catch {
                outage.failed(Self.cause(error))
                guard outage.wait(milliseconds: .random(in: pause / 2...pause)) else { return }
                pause = min(pause * 2, 1_000)
            }
        }
    }

    private var isUsable: Bool { connection.map { !$0.isBroken } ?? false }

    private func connect() throws {
        close()
        var failure: any Error = StorageError.closed
        let first = outage.first
        for offset in settings.servers.indices {
            let index = (first + offset) % settings.servers.count
            do {
                let opened = try MariaDBConnection(settings.servers[index], settings, timeout: settings.timeout)
                outage.succeeded(
                    at: index, name: "\(settings.servers[index])", isReplicated: opened.isReplicated)
                connection = opened
                return
            } catch { failure = error }
        }
        throw failure
    }

    /// Runs `work` on the connection. Throws if there is no connection, which happens only while the pool is closing.
    func withConnection<Result>(_ work: (MariaDBConnection) throws -> Result) throws -> Result {
        guard let connection, !connection.isBroken else { throw outage.error ?? StorageError.closed }
        try connection.checkLife()
        return try work(connection)
    }

    func close() {
        guard let connection else { return }
        connection.close()
        self.connection = nil
        outage.lost()
    }

    static func cause(_ error: any Error) -> StorageError {
        switch error {
        case let error as StorageError: error
        case let lost as LostConnection: .unreachable(lost.reason)
        default: .failed("\(error)")
        }
    }
}
