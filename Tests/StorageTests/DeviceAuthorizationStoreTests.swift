import FoundationEssentials
import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("RFC 8628: storage of device authorizations")
struct DeviceAuthorizationStoreTests {
    @Test(
        "a request is found by either code until it is removed, and no code is given out twice",
        arguments: StorageBackend.all)
    func life(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let devices = stores.deviceAuthorizations
            let row = DeviceAuthorization.example("Aa", code: "Bb")
            let isNew = try await devices.add(row)
            #expect(isNew)
            #expect(try await devices.find("Aa") == row)
            #expect(try await devices.find(userCode: "Bb") == row)
            for other in ["aa", "Aa ", "Bb", ""] { #expect(try await devices.find(other) == nil) }
            for other in ["bb", "Bb ", "Aa", ""] { #expect(try await devices.find(userCode: other) == nil) }
            #expect(try await !devices.add(.example("Aa", code: "other")))
            #expect(try await !devices.add(.example("other", code: "Bb")))
            #expect(try await devices.find("other") == nil)
            #expect(try await stores.upkeep.removeExpired(before: row.expiresAt + 1, limit: 10) == 1)
            #expect(try await devices.find("Aa") == nil)
        }
    }

    @Test("of 64 answers to a request, exactly one is stored", arguments: StorageBackend.all)
    func answers(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let devices = stores.deviceAuthorizations
            _ = try await devices.add(.example("d", code: "c"))
            let stored = try await TestSupport.race(64) { number in
                try await devices.answer("d", with: [UInt8(number)], at: moment - 1) ? number : nil
            }.compactMap(\.self)
            #expect(stored.count == 1)
            #expect(try await devices.find("d")?.sealedAnswer == stored.map { UInt8($0) })
            #expect(try await !devices.answer("d", with: [99], at: moment - 1))
        }
    }

    @Test("RFC10027-006: an expired request takes no answer", arguments: StorageBackend.all)
    func expired(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let devices = stores.deviceAuthorizations
            _ = try await devices.add(.example("d", code: "c"))
            #expect(try await !devices.answer("d", with: [1], at: moment))
            #expect(try await !devices.answer("unknown", with: [1], at: moment - 1))
            #expect(try await devices.answer("d", with: [1], at: moment - 0.001))
        }
    }

    @Test(
        "RFC8628-008: polls that come too early lengthen the interval for good, up to the longest",
        arguments: StorageBackend.all)
    func polls(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let devices = stores.deviceAuthorizations
            _ = try await devices.add(.example("d", code: "c"))
            func poll(_ seconds: Double) async throws -> Bool {
                try await devices.poll("d", at: moment + seconds, slack: 0.5, penalty: 5, longest: 12)
            }
            #expect(try await poll(0))
            // Half a second too early is early enough.
            #expect(try await poll(4.5))
            #expect(try await !poll(8.9))
            #expect(try await devices.find("d")?.interval == 10)
            #expect(try await poll(14.5))
            #expect(try await !poll(20))
            #expect(try await !poll(21))
            #expect(try await !poll(22))
            #expect(try await devices.find("d")?.interval == 15)
            #expect(try await poll(29.5))
            #expect(try await !devices.poll("unknown", at: moment, slack: 0.5, penalty: 5, longest: 12))
        }
    }

    @Test("of 32 polls at the same moment, one is in time", arguments: StorageBackend.all)
    func pollRace(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let devices = stores.deviceAuthorizations
            _ = try await devices.add(.example("d", code: "c"))
            let inTime = try await TestSupport.race(32) { _ in
                try await devices.poll("d", at: moment, slack: 0.5, penalty: 5, longest: 60)
            }
            #expect(inTime.count(where: \.self) == 1)
            #expect(try await devices.find("d")?.interval == 60)
        }
    }

    @Test("issuers share a database, but no requests", arguments: StorageBackend.all)
    func issuers(_ backend: StorageBackend) async throws {
        try await backend.withBackend { storage in
            let first = storage.stores(for: try Issuer("https://one.example.com")).deviceAuthorizations
            let second = storage.stores(for: try Issuer("https://two.example.com")).deviceAuthorizations
            #expect(try await first.add(.example("d", code: "c")))
            #expect(try await second.find("d") == nil)
            #expect(try await second.find(userCode: "c") == nil)
            #expect(try await !second.answer("d", with: [1], at: moment - 1))
            #expect(try await second.add(.example("d", code: "c")))
        }
    }
}
