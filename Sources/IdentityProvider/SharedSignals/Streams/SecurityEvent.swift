package import FoundationEssentials

/// A security event that waits for one receiver.
package struct SecurityEvent: OutboxItem, Hashable {
    /// Also the `jti`, the same in every attempt.
    package let id: Identifier<SecurityEvent>
    package let stream: Identifier<EventStream>
    package let sealedClaims: [UInt8]
    package var attempts: Int
    package var dueAt: Date
    package let expiresAt: Date

    package init(
        id: Identifier<SecurityEvent>, stream: Identifier<EventStream>, sealedClaims: [UInt8], attempts: Int = 0,
        dueAt: Date, expiresAt: Date
    ) {
        self.id = id
        self.stream = stream
        self.sealedClaims = sealedClaims
        self.attempts = attempts
        self.dueAt = dueAt
        self.expiresAt = expiresAt
    }

    /// Seconds after which an event is no longer delivered.
    static let lifetime: TimeInterval = 7 * 86_400
    /// The number of waiting events at which Martlet pauses a stream.
    package static let pausingCount = 20_000
    /// The maximum number of waiting events of a stream. The rest is for events that a paused stream holds.
    package static let maximumCount = 25_000
}

package protocol SecurityEventStore: Outbox<SecurityEvent> {
    /// Adds an event unless its stream has the maximum number or no longer exists.
    func add(_ event: SecurityEvent) async throws
    /// Removes events of a stream, and returns those that were there.
    func acknowledge(
        _ ids: [Identifier<SecurityEvent>], in stream: Identifier<EventStream>
    ) async throws -> [Identifier<SecurityEvent>]
    /// Returns the number of waiting events of a stream and when the first of them expires.
    func backlog(of stream: Identifier<EventStream>) async throws -> EventBacklog
}

/// The waiting events of a stream.
package struct EventBacklog: Sendable, Hashable {
    package let count: Int
    /// `nil` without events.
    package let firstExpiry: Date?

    package init(count: Int, firstExpiry: Date?) {
        self.count = count
        self.firstExpiry = firstExpiry
    }

    /// Whether events are or will soon be lost.
    func overflows(at now: Date) -> Bool {
        count >= SecurityEvent.pausingCount || firstExpiry.map { $0 <= now.addingTimeInterval(3_600) } ?? false
    }
}
