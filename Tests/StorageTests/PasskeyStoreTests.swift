import FoundationEssentials
import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("Passkeys: one credential, one user, one count (WebAuthn L3 §7.1 step 26, §7.2 steps 22 and 24)")
struct PasskeyStoreTests {
    @Test("a passkey is stored completely, and passkeys are listed oldest first", arguments: StorageBackend.all)
    func roundTrip(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let long = Passkey(
                user: User.alice, name: "", credentialID: [UInt8](repeating: 0, count: 1_023), publicKey: [0],
                signCount: 4_294_967_295, aaguid: [UInt8](repeating: 0, count: 16), transports: [],
                isBackupEligible: false, isBackedUp: false, isUserVerificationInitialized: false,
                createdAt: moment + 9, lastUsedAt: moment + 10)
            for passkey in [long, .example(2), .example(1)] { #expect(try await stores.passkeys.add(passkey)) }
            #expect(try await stores.passkeys.passkeys(of: User.alice) == [.example(1), .example(2), long])
            #expect(try await stores.passkeys.find(long.id) == long)
            #expect(try await stores.passkeys.passkeys(of: User.bob).isEmpty)
            #expect(try await stores.passkeys.find(Passkey.id(of: [])) == nil)
        }
    }

    @Test("a credential that is already registered can't be registered again", arguments: StorageBackend.all)
    func taken(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            #expect(try await stores.passkeys.add(.example(1)))
            for user in [User.alice, User.bob] {
                #expect(try await !stores.passkeys.add(.example(1, user: user, signCount: 5)))
            }
            #expect(try await stores.passkeys.find(Passkey.example(1).id) == .example(1))
        }
    }

    @Test("of 64 concurrent registrations of one credential, one succeeds", arguments: StorageBackend.all)
    func oneOwner(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let wins = try await race(64) { number in
                try await stores.passkeys.add(.example(1, user: number % 2 == 0 ? User.alice : User.bob))
            }
            #expect(wins.count(where: \.self) == 1)
        }
    }

    @Test(
        "the signature counter increases or stays 0", arguments: StorageBackend.all,
        [
            (0, 0, true), (0, 1, true), (7, 8, true), (7, 7, false), (7, 6, false), (7, 0, false),
            (4_294_967_294, 4_294_967_295, true),
        ] as [(Int, Int, Bool)])
    func counts(_ backend: StorageBackend, _ example: (known: Int, sent: Int, isAccepted: Bool)) async throws {
        try await backend.withStores { stores async throws in
            let passkey = Passkey.example(1, signCount: example.known)
            #expect(try await stores.passkeys.add(passkey))
            let isAccepted = try await stores.passkeys.use(
                passkey.id, signCount: example.sent, isBackedUp: true, at: moment + 60)
            #expect(isAccepted == example.isAccepted)
            let kept = try await stores.passkeys.find(passkey.id)
            #expect(kept?.signCount == (isAccepted ? example.sent : example.known))
            #expect(kept?.isBackedUp == isAccepted)
            #expect(kept?.lastUsedAt == (isAccepted ? moment + 60 : nil))
        }
    }

    @Test("of 64 concurrent uses with the same counter, one is accepted", arguments: StorageBackend.all)
    func oneUse(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            #expect(try await stores.passkeys.add(.example(1, signCount: 3)))
            let wins = try await race(64) { _ in
                try await stores.passkeys.use(Passkey.example(1).id, signCount: 4, isBackedUp: false, at: moment)
            }
            #expect(wins.count(where: \.self) == 1)
        }
    }

    @Test("a passkey without a counter can be used twice in the same moment", arguments: StorageBackend.all)
    func unchanged(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            #expect(try await stores.passkeys.add(.example(1)))
            for _ in 0..<2 {
                #expect(
                    try await stores.passkeys.use(Passkey.example(1).id, signCount: 0, isBackedUp: false, at: moment))
            }
        }
    }

    @Test(
        "only its user renames or deletes a passkey, and a deleted one no longer works", arguments: StorageBackend.all)
    func owner(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let id = Passkey.example(1).id
            #expect(try await stores.passkeys.add(.example(1)))
            #expect(try await !stores.passkeys.rename(id, of: User.bob, to: "mine"))
            #expect(try await stores.passkeys.remove(id, of: User.bob, usable: [], at: moment) == .unknown)
            #expect(try await stores.passkeys.find(id) == .example(1))
            #expect(try await stores.passkeys.rename(id, of: User.alice, to: "Key \u{1F511}"))
            #expect(try await stores.passkeys.find(id)?.name == "Key \u{1F511}")
            #expect(try await stores.passkeys.remove(id, of: User.alice, usable: [], at: moment) == .last)
            try await stores.users.setPasswordHash(of: User.alice, to: "hash", at: moment)
            #expect(try await stores.passkeys.remove(id, of: User.alice, usable: [], at: moment) == .removed)
            #expect(try await stores.passkeys.remove(id, of: User.alice, usable: [], at: moment) == .unknown)
            #expect(try await !stores.passkeys.use(id, signCount: 9, isBackedUp: false, at: moment))
        }
    }

    @Test(
        "of eight concurrent removals of a passwordless user's eight passkeys, one passkey stays",
        arguments: StorageBackend.all)
    func lastWayIn(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            for number in 1...8 { #expect(try await stores.passkeys.add(.example(UInt8(number)))) }
            let removals = try await race(64) { number in
                try await stores.passkeys.remove(
                    Passkey.example(UInt8(number % 8 + 1)).id, of: User.alice, usable: [], at: moment)
            }
            #expect(removals.count { $0 == .removed } == 7)
            #expect(try await stores.passkeys.passkeys(of: User.alice).count == 1)
        }
    }

    @Test("passkeys added since a given time are deleted, for one user only", arguments: StorageBackend.all)
    func recent(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            #expect(try await stores.passkeys.add(.example(1)))
            #expect(try await stores.passkeys.add(.example(2)))
            #expect(try await stores.passkeys.add(.example(3, user: User.bob)))
            let second = Passkey.example(2)
            #expect(try await stores.passkeys.delete(of: User.alice, addedIn: second.createdAt + 1...moment + 99) == 0)
            #expect(try await stores.passkeys.delete(of: User.alice, addedIn: second.createdAt...second.createdAt) == 1)
            #expect(try await stores.passkeys.passkeys(of: User.alice) == [.example(1)])
            #expect(try await stores.passkeys.passkeys(of: User.bob).count == 1)
        }
    }
}
