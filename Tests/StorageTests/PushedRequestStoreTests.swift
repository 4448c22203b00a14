import FoundationEssentials
import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("RFC 9126: storage of pushed authorization requests")
struct PushedRequestStoreTests {
    @Test("a request is found until it is consumed, and only under its identifier", arguments: StorageBackend.all)
    func life(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let requests = stores.pushedRequests
            let bytes: [UInt8] = [0, 1, 255] + Array(repeating: 7, count: 20_000)
            try await requests.save(bytes, as: "Aa", until: moment)
            #expect(try await requests.find("Aa") == bytes)
            #expect(try await requests.find("aa") == nil)
            #expect(try await requests.find("Aa ") == nil)
            #expect(try await requests.find("") == nil)
            #expect(try await !requests.consume("aa"))
            #expect(try await requests.consume("Aa"))
            #expect(try await !requests.consume("Aa"))
            #expect(try await requests.find("Aa") == nil)
        }
    }

    @Test("of 64 tasks that consume a request, one does", arguments: StorageBackend.all)
    func race(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.pushedRequests.save([1], as: "id", until: moment)
            let wins = try await TestSupport.race(64) { _ in try await stores.pushedRequests.consume("id") }
            #expect(wins.count(where: \.self) == 1)
        }
    }

    @Test("an identifier is never replaced", arguments: StorageBackend.all)
    func replaced(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.pushedRequests.save([1], as: "id", until: moment)
            await #expect(throws: (any Error).self) {
                try await stores.pushedRequests.save([2], as: "id", until: moment)
            }
            #expect(try await stores.pushedRequests.find("id") == [1])
        }
    }

    @Test("issuers share a database, but no requests", arguments: StorageBackend.all)
    func issuers(_ backend: StorageBackend) async throws {
        try await backend.withBackend { storage in
            let first = storage.stores(for: try Issuer("https://one.example.com")).pushedRequests
            let second = storage.stores(for: try Issuer("https://two.example.com")).pushedRequests
            try await first.save([1], as: "id", until: moment)
            #expect(try await second.find("id") == nil)
            #expect(try await !second.consume("id"))
            #expect(try await first.consume("id"))
        }
    }

    @Test("expired requests are removed in small batches, and the rest stays", arguments: StorageBackend.all)
    func removal(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for number in 0..<25 { try await stores.pushedRequests.save([1], as: "\(number)", until: moment) }
            try await stores.pushedRequests.save([1], as: "later", until: moment + 0.001)
            var removed: [Int] = []
            repeat {
                removed.append(try await stores.upkeep.removeExpired(before: moment, limit: 10))
            } while removed.last != 0
            #expect(removed == [10, 10, 5, 0])
            #expect(try await stores.pushedRequests.find("0") == nil)
            #expect(try await stores.pushedRequests.find("later") == [1])
        }
    }
}
