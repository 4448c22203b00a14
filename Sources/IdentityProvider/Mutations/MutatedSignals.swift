import FoundationEssentials
import HTTPTypes
import JOSE

/// Faults of shared signals.
extension Mutation {
    /// Returns the security event token with the fault applied.
    func securityEvent(_ token: String, _ tools: MutationTools) async throws -> String {
        switch self {
        case .eventWithExpiry:
            return try await tools.resigned(token, type: "secevent+jwt") { claims in
                claims["exp"] = .integer(Int(Date().timeIntervalSince1970) + 600)
                claims["sub"] = "somebody"
            }
        case .eventOfOtherType: return try await tools.resigned(token, type: "JWT")
        case .eventForOther:
            return try await tools.resigned(token, type: "secevent+jwt") { $0["aud"] = "somebody-else" }
        default: return token
        }
    }

    func changeSignals(_ response: Response, _ request: Request, _ tools: MutationTools) async throws -> Response {
        switch self {
        case .streamsOfOthers: return response.status == .notFound ? .json([:]) : response
        case .subjectsRevealed:
            guard let document = try? request.document(), let subject = document["subject"]?.object?["sub"]?.string,
                try await tools.users.find(Identifier(rawValue: subject)) == nil
            else { return response }
            return Response(status: .notFound)
        default: return response
        }
    }
}

struct FaultyEventStreams: EventStreamStore {
    let base: any EventStreamStore

    func all() async throws -> [EventStream] { try await base.all() }
    func find(_ id: Identifier<EventStream>) async throws -> EventStream? {
        var stream = try await base.find(id)
        if Mutation.current == .pausedStreamSends { stream?.status = .enabled }
        return stream
    }
    func stream(of client: Identifier<Client>) async throws -> EventStream? { try await base.stream(of: client) }
    func add(_ stream: EventStream) async throws -> Bool { try await base.add(stream) }
    func update(_ stored: EventStream, to stream: EventStream) async throws -> Bool {
        try await base.update(stored, to: stream)
    }
    func delete(_ id: Identifier<EventStream>) async throws -> Bool { try await base.delete(id) }
    func set(_ user: Identifier<User>, isIncluded: Bool, in stream: Identifier<EventStream>) async throws {
        try await base.set(user, isIncluded: isIncluded, in: stream)
    }
}

struct FaultySecurityEvents: SecurityEventStore {
    let base: any SecurityEventStore

    func add(_ event: SecurityEvent) async throws { try await base.add(event) }
    func acknowledge(
        _ ids: [Identifier<SecurityEvent>], in stream: Identifier<EventStream>
    ) async throws -> [Identifier<SecurityEvent>] {
        Mutation.current == .acknowledgmentIgnored ? [] : try await base.acknowledge(ids, in: stream)
    }
    func backlog(of stream: Identifier<EventStream>) async throws -> EventBacklog { try await base.backlog(of: stream) }
    func due(to destination: String?, at now: Date, limit: Int) async throws -> [SecurityEvent] {
        try await base.due(to: destination, at: now, limit: limit)
    }
    func lease(_ item: SecurityEvent, until end: Date, at now: Date) async throws -> SecurityEvent? {
        try await base.lease(item, until: end, at: now)
    }
    func postpone(_ item: SecurityEvent, until moment: Date) async throws {
        try await base.postpone(item, until: moment)
    }
    func remove(_ item: SecurityEvent) async throws { try await base.remove(item) }
    func depth(at now: Date) async throws -> Int { try await base.depth(at: now) }
}
