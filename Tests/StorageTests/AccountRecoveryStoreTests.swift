import FoundationEssentials
import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("One account recovery at a time, with one outcome")
struct AccountRecoveryStoreTests {
    @Test("of concurrent starts, one succeeds; an expired recovery makes room", arguments: StorageBackend.all)
    func begin(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let begun = try await race(16) { number in
                try await stores.recoveries.start(.example("r\(number)"), at: moment)
            }
            #expect(begun.count(where: \.self) == 1)
            #expect(try await stores.recoveries.start(.example("bob", user: User.bob), at: moment))
            let later = AccountRecovery.example("later", at: moment + 120)
            #expect(try await stores.recoveries.start(later, at: moment + 120))
            #expect(try await stores.recoveries.find(User.alice) == later)
        }
    }

    @Test("of concurrent ends, one counts, and none ends an earlier recovery", arguments: StorageBackend.all)
    func end(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            #expect(try await stores.recoveries.start(.example("new"), at: moment))
            #expect(try await !stores.recoveries.end(.example("old")))
            let ended = try await race(16) { _ in try await stores.recoveries.end(.example("new")) }
            #expect(ended.count(where: \.self) == 1)
            #expect(try await stores.recoveries.find(User.alice) == nil)
        }
    }

    @Test("a recovery is deleted with its user or after it expires", arguments: StorageBackend.all)
    func gone(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            for user in [User.alice, User.bob] {
                #expect(try await stores.recoveries.start(.example("\(user)", user: user), at: moment))
            }
            try await stores.sessions.endAll(byDeleting: User.bob, at: moment)
            #expect(try await stores.recoveries.find(User.bob) == nil)
            #expect(try await stores.upkeep.removeExpired(before: moment + 119, limit: 10) == 0)
            #expect(try await stores.upkeep.removeExpired(before: moment + 120, limit: 10) == 1)
            #expect(try await stores.recoveries.find(User.alice) == nil)
        }
    }
}
