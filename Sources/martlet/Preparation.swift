import FoundationEssentials
import Logging
import SQLStorage
import Server
import ServiceLifecycle

/// The storage work that precedes serving requests: migrations, the first keys, resource files.
struct Preparation: Sendable {
    let readiness: Readiness
    private let isDone: Bool
    private let work: @Sendable () async throws -> Void

    init(isDone: Bool, work: @escaping @Sendable () async throws -> Void) {
        readiness = Readiness(isDone)
        self.isDone = isDone
        self.work = work
    }

    /// Runs the work unless it is done. Retries with exponential backoff while the storage is unavailable.
    func finish() async throws {
        guard !isDone else { return }
        var pause = Duration.milliseconds(250)
        while true {
            do {
                try await work()
                readiness.begin()
                return Logger.current.notice("storage available, ready")
            } catch let error as StorageError where error.mayPass {
                Logger.current.warning("storage unavailable, retrying", metadata: ["cause": "\(error)"])
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(5))
            }
        }
    }
}

/// Services that start once the preparation has finished.
struct PreparedServices: Service {
    let preparation: Preparation
    let services: [any Service]

    func run() async throws {
        do { try await cancelWhenGracefulShutdown { try await preparation.finish() } } catch is CancellationError {
            return
        }
        try await withThrowingTaskGroup { group in
            for service in services { group.addTask { try await service.run() } }
            try await group.waitForAll()
        }
    }
}
