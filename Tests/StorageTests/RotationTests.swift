import FoundationEssentials
import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("RFC 9700 §4.14.2: refresh token rotation")
struct RotationTests {
    /// The case without its values.
    enum Outcome: Hashable { case rotated, repeated, reused, gone }

    static func outcome(_ rotation: Rotation) -> Outcome {
        switch rotation {
        case .rotated: .rotated
        case .repeated: .repeated
        case .reused: .reused
        case .gone: .gone
        }
    }

    /// Presents the token of `generation`, `seconds` after the beginning.
    static func present(_ generation: Int, after seconds: TimeInterval, _ stores: Stores) async throws -> Rotation {
        // If no authorization was begun, presents what a client would have had.
        let stored = try await stores.authorizations.find(Identifier("a")) ?? .example("a")
        return try await stores.authorizations.rotate(
            stored, from: generation, grace: 30, expiresAt: moment + 7_200, at: moment + seconds)
    }

    @Test(
        "of 64 concurrent refreshes, one rotates and the others get the same successor", arguments: StorageBackend.all)
    func race64(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            #expect(try await stores.authorizations.create(.example("a")))
            for generation in 0..<4 {
                let rotations = try await race(64) { _ in try await Self.present(generation, after: 1, stores) }
                let counts = Dictionary(rotations.map { (Self.outcome($0), 1) }, uniquingKeysWith: +)
                #expect(counts == [.rotated: 1, .repeated: 63])
                let stored = try #require(try await stores.authorizations.find(Identifier("a")))
                #expect(stored.generation == generation + 1)
                #expect(rotations.allSatisfy { [.rotated(stored), .repeated(stored)].contains($0) })
            }
        }
    }

    @Test(
        "the outcome for each generation and time, after uses at 0 and 100 seconds",
        arguments: StorageBackend.all,
        [
            (generation: 2, after: 200, Outcome.rotated), (1, 100, .repeated), (1, 130, .repeated),
            (1, 130.001, .reused), (0, 100, .reused), (0, 129, .reused), (3, 101, .reused), (-1, 101, .reused),
            // Expired, whichever token is presented.
            (2, 7_200, .gone), (1, 7_201, .gone), (0, 9_000, .gone),
        ] as [(generation: Int, after: TimeInterval, Outcome)])
    func table(
        _ backend: StorageBackend, _ example: (generation: Int, after: TimeInterval, outcome: Outcome)
    ) async throws {
        try await backend.withStores { stores in
            #expect(try await stores.authorizations.create(.example("a")))
            #expect(Self.outcome(try await Self.present(0, after: 0, stores)) == .rotated)
            #expect(Self.outcome(try await Self.present(1, after: 100, stores)) == .rotated)
            let rotation = try await Self.present(example.generation, after: example.after, stores)
            #expect(Self.outcome(rotation) == example.outcome)
        }
    }

    @Test("without a grace period, a repeated refresh is reuse, even at the same time", arguments: StorageBackend.all)
    func noGrace(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            #expect(try await stores.authorizations.create(.example("a")))
            _ = try await Self.present(0, after: 1, stores)
            let stored = try #require(try await stores.authorizations.find(Identifier("a")))
            // The clock of another node may be slow.
            for seconds in [1, 0.5] {
                let rotation = try await stores.authorizations.rotate(
                    stored, from: 0, grace: 0, expiresAt: moment + 7_200, at: moment + seconds)
                #expect(Self.outcome(rotation) == .reused)
            }
        }
    }

    @Test("a revoked or unknown authorization is gone", arguments: StorageBackend.all, [0, 1, 2])
    func gone(_ backend: StorageBackend, generation: Int) async throws {
        try await backend.withStores { stores in
            #expect(try await Self.present(generation, after: 1, stores) == .gone)
            #expect(try await stores.authorizations.create(.example("a")))
            _ = try await Self.present(0, after: 1, stores)
            try await stores.authorizations.revoke(Identifier("a"), at: moment + 2)
            #expect(try await Self.present(generation, after: 3, stores) == .gone)
        }
    }

    @Test("a rotation stores its time and extends the expiry", arguments: StorageBackend.all)
    func stored(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            var expected = Authorization.example("a")
            #expect(try await stores.authorizations.create(expected))
            expected.generation = 1
            expected.rotatedAt = moment + 5.125
            expected.expiresAt = moment + 7_200
            #expect(try await Self.present(0, after: 5.125, stores) == .rotated(expected))
            #expect(try await stores.authorizations.find(expected.id) == expected)
        }
    }

    @Test("reuse alone neither revokes nor extends anything", arguments: StorageBackend.all)
    func reuse(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            #expect(try await stores.authorizations.create(.example("a")))
            _ = try await Self.present(0, after: 0, stores)
            let before = try await stores.authorizations.find(Identifier("a"))
            #expect(try await Self.present(0, after: 31, stores) == .reused)
            #expect(try await stores.authorizations.find(Identifier("a")) == before)
        }
    }
}
