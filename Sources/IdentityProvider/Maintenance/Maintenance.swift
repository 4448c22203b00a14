import FoundationEssentials
import Logging
import ServiceLifecycle

/// Periodic work: removes expired rows in small batches and rotates keys.
struct Maintenance: Service {
    let upkeep: any StorageUpkeep
    let rotation: KeyRotation
    let retention: AuditRetention
    let interval: Duration
    let now: @Sendable () -> Date

    init(_ core: Core, rotation: KeyRotation) {
        upkeep = core.stores.upkeep
        self.rotation = rotation
        retention = AuditRetention(log: core.audit)
        interval = .seconds(60)
        now = core.now
    }

    /// Rows of one kind per transaction. Requests wait for at most one such batch.
    static let batch = 500

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await rotation.run()
                    try await removeExpired()
                } catch  where !(error is CancellationError) {
                    Logger.current.error("maintenance failed, will try again", metadata: ["cause": "\(error)"])
                } catch {}
                try? await Task.sleep(for: interval)
            }
        }
    }

    func removeExpired() async throws {
        while !Task.isCancelled, try await upkeep.removeExpired(before: now(), limit: Self.batch) > 0 {
            await Task.yield()
        }
        while !Task.isCancelled, try await retention.removeExpired(at: now(), limit: Self.batch) > 0 {
            await Task.yield()
        }
    }
}
