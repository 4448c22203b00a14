import Logging
import ServiceLifecycle

/// Stores what was recorded, ten times a second, and all of it before the program ends.
struct AuditWriter: Service {
    let log: AuditLog
    private static let interval = Duration.milliseconds(100)
    private static let patience = Duration.seconds(1)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isWorking = true
            while !Task.isCancelled {
                do {
                    try await log.flush()
                    isWorking = true
                } catch {
                    if isWorking { Logger.current.error("audit log waits", metadata: ["cause": "\(error)"]) }
                    isWorking = false
                }
                try? await Task.sleep(for: isWorking ? Self.interval : Self.patience)
            }
        }
        try? await log.flush()
    }
}
