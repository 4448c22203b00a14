import FoundationEssentials
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider
@testable import SQLStorage

extension Client {
    /// `web` as a receiver about everyone.
    static var receiver: Client {
        get throws {
            try Client([
                "client_id": "web", "grant_types": ["client_credentials"], "scope": "ssf.manage",
                "event_receiver": ["subjects": "all"],
            ])
        }
    }
}

@Suite("Event streams and security events in the database")
struct EventStreamStoreTests {
    private func withStream(_ backend: StorageBackend, _ body: @Sendable (Stores) async throws -> Void) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            try await stores.clients.save(.receiver)
            var stream = EventStream.example
            stream.requested = nil
            #expect(try await stores.eventStreams.add(stream))
            try await body(stores)
        }
    }

    private func waiting(_ stores: Stores) async throws -> [SecurityEvent] {
        try await stores.securityEvents.due(to: EventStream.example.id.rawValue, at: .distantFuture, limit: 100)
    }

    @Test("streams keep what was stored, under names that don't change", arguments: StorageBackend.all)
    func roundTrip(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            var stream = EventStream.example
            (stream.status, stream.reason) = (.paused, "r")
            #expect(try await stores.eventStreams.add(stream))
            #expect(try await stores.eventStreams.find(stream.id) == stream)
            #expect(try await stores.eventStreams.stream(of: Client.web) == stream)
            #expect(try await stores.eventStreams.all() == [stream])
            #expect(try await stores.eventStreams.find(Identifier("other")) == nil)
            #expect(
                stream.document == [
                    "id": "stream", "client": "web", "status": "paused", "endpoint": "https://shop.example/events",
                    "requested": ["https://a.example/\u{1F426}"], "description": "e\u{301}", "reason": "r",
                ])
        }
    }

    @Test("of concurrent updates, one wins", arguments: StorageBackend.all)
    func update(_ backend: StorageBackend) async throws {
        try await withStream(backend) { stores in
            let stored = try #require(try await stores.eventStreams.find(EventStream.example.id))
            let won = try await race(6) { number in
                var stream = stored
                stream.description = "\(number)"
                return try await stores.eventStreams.update(stored, to: stream)
            }
            #expect(won.filter(\.self).count == 1)
        }
    }

    @Test(
        "events are stored with their audit records, once, for everyone or the chosen ones",
        arguments: StorageBackend.all)
    func append(_ backend: StorageBackend) async throws {
        try await withStream(backend) { stores in
            func append(_ sequence: Int, of user: Identifier<User> = User.alice) async throws {
                try await stores.audit.append(
                    [.example(sequence)], head: .example(sequence), deliveries: [:],
                    signals: [sequence: .example("node.\(sequence)", .credentialChange, of: user)])
            }
            try await append(1)
            try await append(1)
            #expect(try await waiting(stores).count == 1)
            try await stores.eventStreams.set(User.bob, isIncluded: false, in: EventStream.example.id)
            try await append(2, of: User.bob)
            #expect(try await waiting(stores).count == 1)
            try await stores.eventStreams.set(User.bob, isIncluded: true, in: EventStream.example.id)
            try await append(3, of: User.bob)
            #expect(try await waiting(stores).count == 2)
            // Unknown users are not stored.
            try await stores.eventStreams.set(Identifier("nobody"), isIncluded: false, in: EventStream.example.id)
            try await append(4, of: Identifier("nobody"))
            #expect(try await waiting(stores).count == 3)
        }
    }

    @Test("of concurrent acknowledgments, one removes each event", arguments: StorageBackend.all)
    func acknowledge(_ backend: StorageBackend) async throws {
        try await withStream(backend) { stores in
            for sequence in 1...9 {
                try await stores.audit.append(
                    [.example(sequence)], head: .example(sequence), deliveries: [:],
                    signals: [sequence: .example("node.\(sequence)", .credentialChange)])
            }
            let ids = try await waiting(stores).map(\.id)
            #expect(ids.count == 9)
            #expect(try await stores.securityEvents.acknowledge(ids, in: Identifier("other")).isEmpty)
            let removed = try await race(6) { number in
                let order = number.isMultiple(of: 2) ? ids : ids.reversed()
                return try await stores.securityEvents.acknowledge(order, in: EventStream.example.id)
            }
            #expect(removed.flatMap(\.self).count == 9)
            #expect(try await waiting(stores).isEmpty)
        }
    }

    @Test("a stream goes with its client, its events and its subjects", arguments: StorageBackend.all)
    func delete(_ backend: StorageBackend) async throws {
        try await withStream(backend) { stores in
            try await stores.securityEvents.add(.example)
            try await stores.eventStreams.set(User.alice, isIncluded: false, in: EventStream.example.id)
            #expect(try await stores.eventStreams.delete(EventStream.example.id))
            #expect(try await !stores.eventStreams.delete(EventStream.example.id))
            #expect(try await waiting(stores).isEmpty)
            // Nothing is added to a stream that is gone.
            try await stores.securityEvents.add(.example)
            #expect(try await waiting(stores).isEmpty)
            #expect(try await stores.eventStreams.add(.example))
            try await stores.audit.append(
                [.example(1)], head: .example(1), deliveries: [:], signals: [1: .example("node.1", .sessionRevoked)])
            #expect(try await waiting(stores).isEmpty)
            try await stores.clients.delete(Client.web)
            #expect(try await stores.eventStreams.all().isEmpty)
        }
    }

    @Test("changes of a stream invalidate the caches of all nodes", arguments: StorageBackend.all)
    func versions(_ backend: StorageBackend) async throws {
        try await withStream(backend) { stores in
            let first = try await stores.upkeep.version()
            let stored = try #require(try await stores.eventStreams.find(EventStream.example.id))
            var stream = stored
            stream.status = .paused
            #expect(try await stores.eventStreams.update(stored, to: stream))
            let second = try await stores.upkeep.version()
            #expect(try await stores.eventStreams.delete(stream.id))
            #expect(first < second)
            #expect(try await stores.upkeep.version() > second)
        }
    }
}
