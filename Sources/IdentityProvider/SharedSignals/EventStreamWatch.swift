import FoundationEssentials
import JOSE
import Logging
import ServiceLifecycle

/// Pauses streams whose receivers don't keep up, before events are lost. Every node watches, and one of them pauses.
struct EventStreamWatch: Service {
    private let streams: any EventStreamStore
    private let cached: CachedEventStreams
    private let events: any SecurityEventStore
    private let clients: CachedClients
    private let sealer: Sealer
    private let pusher: EventPusher
    private let audit: AuditLog
    private let now: @Sendable () -> Date
    static let interval = Duration.seconds(5)

    init(_ core: Core, pusher: EventPusher) {
        streams = core.stores.eventStreams
        cached = core.eventStreams
        events = core.stores.securityEvents
        clients = core.clients
        sealer = core.sealer
        audit = core.audit
        self.pusher = pusher
        now = core.now
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await pauseOverflowing() } catch  where !(error is CancellationError) {
                    Logger.current.error("event streams cannot be checked", metadata: ["cause": "\(error)"])
                } catch {}
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    func pauseOverflowing() async throws {
        for stream in try await cached.all() where stream.status == .enabled {
            guard try await events.backlog(of: stream.id).overflows(at: now()) else { continue }
            var paused = stream
            (paused.status, paused.reason) = (.paused, "too many events are waiting, or they have waited too long")
            guard try await streams.update(stream, to: paused) else { continue }
            cached.clear()
            Logger.current.warning(
                "event stream paused, because its receiver does not keep up",
                metadata: ["stream": "\(stream.id)", "client_id": "\(stream.client)"])
            audit.record(paused.changed(.update, ["status"]), client: stream.client, by: .system)
            await announce(paused)
        }
    }

    /// Tells the receiver (OpenID SSF §8.1.5): once, ahead of everything that waits. A receiver that pushes don't reach
    /// reads the status.
    private func announce(_ stream: EventStream) async {
        do {
            let content: JSONObject = [
                "status": .string(stream.status.rawValue), "reason": .string(stream.reason ?? ""),
            ]
            var notice = try stream.signal(.streamUpdated, content, at: now()).sealed(by: sealer).event(in: stream.id)
            if stream.endpoint == nil {
                notice.dueAt = EventStream.noticesDueAt
                try await events.add(notice)
            } else if let client = try await clients.findEnabled(stream.client) {
                try await pusher.push(notice, over: stream, to: client)
            }
        } catch {
            Logger.current.warning(
                "receiver could not be told that its stream is paused",
                metadata: ["stream": "\(stream.id)", "cause": "\(error)"])
        }
    }
}

extension EventStream {
    /// When notices about the stream are due: before every event, so that they are all that a paused stream sends.
    static let noticesDueAt = Date(timeIntervalSince1970: 0)
}
