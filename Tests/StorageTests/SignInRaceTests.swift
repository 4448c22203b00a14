import FoundationEssentials
import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("A session starts only if what its sign-in relied on is unchanged")
struct SignInRaceTests {
    /// Ways in which a user can change during a sign-in.
    private static let changes: [(name: String, make: @Sendable (Stores) async throws -> Void)] = [
        ("password", { try await $0.users.setPasswordHash(of: User.alice, to: "new", at: moment) }),
        ("disabled", { try await $0.users.setDisabled(User.alice, to: true, at: moment) }),
        ("everything ended", { try await $0.sessions.endAll(of: User.alice, at: moment) }),
        ("deleted", { try await $0.sessions.endAll(byDeleting: User.alice, at: moment) }),
    ]

    @Test(
        "a sign-in or enrollment has no effect if its user has changed since", arguments: StorageBackend.all,
        changes.indices)
    func changed(_ backend: StorageBackend, _ index: Int) async throws {
        try await backend.withStores { stores in
            let alice = try #require(try await stores.users.find(User.alice))
            #expect(
                try await stores.sessions.start(.example("s", secret: 1), of: alice, from: .example, replacing: nil)
                    == .started(ending: nil))
            try await Self.changes[index].make(stores)
            let new = Session.example("n", secret: 2)
            #expect(try await stores.sessions.start(new, of: alice, from: .example, replacing: nil) == .outdated)
            #expect(try await !stores.passkeys.add(.example(1), by: alice))
            #expect(try await !stores.totpCredentials.save(.example("t"), by: alice))
            #expect(try await !stores.recoveryCodes.replace([SecretDigest(bytes: [1])], of: alice, at: moment))
            let code = SecretDigest<AccessCode>(bytes: [1])
            #expect(
                try await !stores.recoveryCodes.replaceAccessCode(code, of: alice, until: moment + 60, at: moment))
            #expect(try await !stores.users.setPasswordHash(of: alice, to: "mine", mailedAt: nil, at: moment))
            #expect(try await stores.sessions.find(new.id, at: moment) == nil)
            #expect(try await stores.passkeys.passkeys(of: User.alice).isEmpty)
            #expect(try await stores.totpCredentials.credentials(of: User.alice).isEmpty)
            #expect(try await stores.recoveryCodes.count(of: User.alice) == 0)
            #expect(try await stores.users.find(User.alice)?.passwordHash != "mine")
        }
    }

    @Test("a session that is strengthened must still exist", arguments: StorageBackend.all)
    func strengthened(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let alice = try #require(try await stores.users.find(User.alice))
            try await stores.sessions.start(.example("s", secret: 1), replacing: nil)
            try await stores.sessions.end(Identifier("s"), at: moment)
            let stronger = Session.example("s", secret: 2)
            let start = try await stores.sessions.start(stronger, of: alice, from: .example, replacing: stronger.id)
            #expect(start == .outdated)
            #expect(try await stores.sessions.find(stronger.id, at: moment) == nil)
        }
    }

    @Test(
        "of concurrent sign-ins and password changes, none leaves a session of a former password",
        arguments: StorageBackend.all)
    func race(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for round in 0..<12 {
                _ = try await TestSupport.race(24) { number in
                    guard number.isMultiple(of: 6) else {
                        guard let alice = try await stores.users.find(User.alice) else { return }
                        let id = "s \(alice.passwordHash ?? "none") \(round).\(number)"
                        _ = try await stores.sessions.start(
                            .example(id, secret: UInt8(number)), of: alice, from: SignInOrigin(), replacing: nil)
                        return
                    }
                    try await stores.users.setPasswordHash(
                        of: User.alice, to: "hash-\(round).\(number)", at: moment)
                    try await stores.sessions.endAll(of: User.alice, at: moment)
                }
                let hash = try #require(try await stores.users.find(User.alice)?.passwordHash)
                let left = try await stores.sessions.sessions(of: User.alice, at: moment)
                #expect(left.filter { !$0.id.rawValue.hasPrefix("s \(hash) ") }.map(\.id) == [])
                try await stores.sessions.endAll(of: User.alice, at: moment)
            }
        }
    }
}
