import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("Sealed values")
struct SealerTests {
    private let first = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    private let second = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

    private func sealer(_ keys: String, _ issuer: String = "https://id.example.com") async throws -> Sealer {
        let issuer = try Issuer(issuer)
        // Without stored data keys, the master keys seal directly, as they did before data keys existed.
        let store = try await TestDatabase().backend.stores(for: issuer).dataKeys
        let vault = KeyVault(issuer, store: store, masterKeys: try MasterKeys(parsing: keys))
        try await vault.load()
        return Sealer(vault)
    }

    @Test("sealed values open only with their purpose, issuer and keys")
    func binding() async throws {
        let purpose = SealedPurpose.transit("one") { _ in 60 }
        let (own, other) = (try await sealer(first), try await sealer(second))
        let elsewhere = try await sealer(first, "https://other.example.com")
        let sealed = try own.seal(["a": 1], for: purpose)
        #expect(try own.open([String: Int].self, from: sealed, for: purpose) == ["a": 1])
        #expect(
            try await sealer(second + "\n" + first).open([String: Int].self, from: sealed, for: purpose) == ["a": 1])
        #expect(throws: NotOurs.self) {
            try own.open([String: Int].self, from: sealed, for: .transit("two") { _ in 60 })
        }
        for stranger in [other, elsewhere] {
            #expect(throws: NotOurs.self) { try stranger.open([String: Int].self, from: sealed, for: purpose) }
        }
    }

    @Test("a modified or truncated value doesn't open")
    func integrity() async throws {
        let purpose = SealedPurpose.transit("one") { _ in 60 }
        let sealer = try await sealer(first)
        let sealed: [UInt8] = try sealer.seal(Array("secret".utf8), for: purpose)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: NotOurs.self) { try sealer.open(changed, for: purpose) }
            #expect(throws: NotOurs.self) { try sealer.open(Array(sealed.prefix(index)), for: purpose) }
        }
    }

    @Test("sealing the same value twice gives different results")
    func randomness() async throws {
        let purpose = SealedPurpose.transit("one") { _ in 60 }
        let sealer = try await sealer(first)
        let values = try (0..<100).map { _ in try sealer.seal(["a": 1], for: purpose) }
        #expect(Set(values).count == 100)
    }
}
