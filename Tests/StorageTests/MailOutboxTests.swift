import FoundationEssentials
import IdentityProvider
import TestSupport
import Testing

@Suite("The email outbox")
struct MailOutboxTests {
    @Test("due emails are returned, the one that has waited longest first", arguments: StorageBackend.all)
    func due(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for (id, seconds) in [("b", 20.0), ("a", 10), ("c", 30)] {
                try await stores.mailOutbox.add(.example(id, dueIn: seconds))
            }
            let ids = try await stores.mailOutbox.due(at: moment + 20, limit: 10).map(\.id.rawValue)
            #expect(ids == ["a", "b"])
            #expect(try await stores.mailOutbox.due(at: moment + 60, limit: 1).map(\.id.rawValue) == ["a"])
            // Reminders that are due on a later day don't count as waiting.
            #expect(try await stores.mailOutbox.depth(at: moment) == 0)
            #expect(try await stores.mailOutbox.depth(at: moment + 20) == 2)
            let mail = try #require(try await stores.mailOutbox.due(at: moment + 20, limit: 1).first)
            #expect(mail == .example("a", dueIn: 10))
        }
    }

    @Test("of many nodes that try to send an email, exactly one gets it", arguments: StorageBackend.all)
    func lease(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for round in 0..<10 {
                try await stores.mailOutbox.add(.example("m\(round)"))
                let mail = try #require(try await stores.mailOutbox.due(at: moment, limit: 1).first)
                let leases = try await race(24) { _ in
                    try await stores.mailOutbox.lease(mail, until: moment + 60, at: moment)
                }
                #expect(leases.compactMap(\.self).map(\.attempts) == [1])
                #expect(try await stores.mailOutbox.due(at: moment + 59, limit: 1).isEmpty)
                try await stores.mailOutbox.remove(try #require(leases.compactMap(\.self).first))
                #expect(try await stores.mailOutbox.depth(at: moment) == 0)
            }
        }
    }

    @Test("a node whose lease expired can neither postpone nor remove the email", arguments: StorageBackend.all)
    func lateComer(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let outbox = stores.mailOutbox
            try await outbox.add(.example("m"))
            let mail = try #require(try await outbox.due(at: moment, limit: 1).first)
            let first = try #require(try await outbox.lease(mail, until: moment + 60, at: moment))
            let abandoned = try #require(try await outbox.due(at: moment + 60, limit: 1).first)
            let second = try #require(try await outbox.lease(abandoned, until: moment + 120, at: moment + 60))
            #expect(second.attempts == 2)
            try await outbox.postpone(first, until: moment + 61)
            try await outbox.remove(first)
            #expect(try await outbox.depth(at: moment) == 1)
            #expect(try await outbox.due(at: moment + 119, limit: 1).isEmpty)
            try await outbox.postpone(second, until: moment + 90)
            #expect(try await outbox.due(at: moment + 90, limit: 1).map(\.attempts) == [2])
        }
    }

    @Test("expired emails are removed", arguments: StorageBackend.all)
    func expiry(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.mailOutbox.add(.example("old", expiresIn: 10))
            try await stores.mailOutbox.add(.example("new", expiresIn: 30))
            #expect(try await stores.upkeep.removeExpired(before: moment + 10, limit: 10) == 1)
            #expect(try await stores.mailOutbox.due(at: moment, limit: 10).map(\.id.rawValue) == ["new"])
        }
    }

    @Test("if a share is used up or the outbox full, nothing is added or counted", arguments: StorageBackend.all)
    func shares(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let outbox = stores.mailOutbox
            let (wide, narrow) = (
                MailShare(name: "wide", limit: 2, endsAt: moment + 60),
                MailShare(name: "narrow", limit: 1, endsAt: moment + 60)
            )
            func add(_ id: String, _ shares: [MailShare], capacity: Int = 9) async throws -> MailAdmission {
                try await outbox.add(.example(id), within: shares, capacity: capacity, at: moment)
            }
            #expect(try await add("a", [wide, narrow]) == .added)
            #expect(try await add("b", [wide, narrow]) == .usedUp(narrow))
            #expect(try await add("c", [wide], capacity: 1) == .full)
            #expect(try await add("d", [wide]) == .added)
            #expect(try await add("e", [wide]) == .usedUp(wide))
            #expect(try await outbox.depth(at: moment) == 2)
            #expect(try await outbox.add(nil, within: [wide], capacity: 9, at: moment + 60) == .added)
            #expect(try await outbox.depth(at: moment) == 2)
        }
    }
}
