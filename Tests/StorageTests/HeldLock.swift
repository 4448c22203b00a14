import Dispatch
import SQLStorage

/// The write lock of a database, held until it is released, as another program might.
struct HeldLock {
    private let released = DispatchSemaphore(value: 0)
    private let holding: Task<Void, any Error>

    /// Returns once the lock is held. `work` runs under it.
    init(
        of database: any SQLDatabase, doing work: @escaping @Sendable (any SQLConnection) throws -> Void = { _ in }
    ) async {
        let (locked, lock) = AsyncStream<Void>.makeStream()
        holding = Task { [released] in
            defer { lock.finish() }
            try await database.transaction { connection in
                try work(connection)
                lock.finish()
                released.wait()
            }
        }
        for await _ in locked {}
    }

    func release() async throws {
        released.signal()
        try await holding.value
    }
}
