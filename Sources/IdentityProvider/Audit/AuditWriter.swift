import Logging
import ServiceLifecycle

/// Stores recorded events ten times a second, and all remaining ones before the program ends.
struct AuditWriter: Service {
    let log: AuditLog
    static let interval = Duration.milliseconds(100)
    private static let patience = Duration.seconds(1)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isWorking = true
            while !Task.isCancelled {
                do {
                    try await log.flush()
                    isWorking = true
                } catch {
                    if isWorking {
                        Logger.current.error(
                            "audit records could not be stored, will try again", metadata: ["cause": "\(error)"])
                    }
                    isWorking = false
                }
                try? await Task.sleep(for: isWorking ? Self.interval : Self.patience)
            }
        }
        try? await log.flush()
    }
}
