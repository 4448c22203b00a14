import FoundationEssentials
import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("Notices for the clients of ended sessions")
struct LogoutNoticeStoreTests {
    private static let interest = LogoutInterest(isNotified: true)

    private func join(
        _ id: String, session: String = "s", client: Identifier<Client> = Client.web,
        interest: LogoutInterest? = interest, _ stores: Stores
    ) async throws {
        #expect(
            try await stores.authorizations.create(
                .example(id, client: client, session: session), interest: interest, at: moment))
    }

    private func notices(_ stores: Stores, _ session: String = "s") async throws -> [LogoutNotice] {
        try await stores.logoutNotices.notices(of: Identifier(session))
    }

    @Test("of many ends, one queues the notices", arguments: StorageBackend.all)
    func race(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.sessions.start(.example("s", secret: 1), replacing: nil)
            try await join("a", stores)
            try await join("b", stores)
            try await join("c", client: Client.app, interest: LogoutInterest(isNotified: false), stores)
            #expect(try await stores.sessions.clients(of: Identifier("s")) == [Client.app, Client.web])
            let ended = try await TestSupport.race(16) { number in
                switch number % 3 {
                case 0: try await stores.sessions.endAll(of: User.alice, at: moment)
                case 1: try await stores.sessions.end(Identifier("s"), at: moment).map { [$0] } ?? []
                default: try await stores.sessions.endAll(byDeleting: User.alice, at: moment)
                }
            }.flatMap(\.self)
            #expect(ended.count == 1)
            #expect(ended.first?.clients == [Client.app, Client.web])
            let notices = try await notices(stores)
            #expect(notices.map(\.client) == [Client.web])
            #expect(notices.map(\.user) == [User.alice])
            #expect(notices.map(\.expiresAt) == [moment + LogoutNotice.lifetime])
            #expect(try await stores.sessions.clients(of: Identifier("s")).isEmpty)
        }
    }

    @Test("a client joins before the session ends, and is told, or not at all", arguments: StorageBackend.all)
    func joining(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for round in 0..<20 {
                let id = "s-\(round)"
                try await stores.sessions.start(.example(id, secret: UInt8(round)), replacing: nil)
                async let ended = stores.sessions.end(Identifier(id), at: moment)
                async let joined = stores.authorizations.create(
                    .example("a-\(round)", session: id), interest: Self.interest, at: moment)
                let (_, isTold) = try await (ended, joined)
                #expect(try await notices(stores, id).count == (isTold ? 1 : 0))
            }
        }
    }

    @Test(
        "a session that continues keeps its clients; one that is replaced announces its end",
        arguments: StorageBackend.all)
    func replaced(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.sessions.start(.example("s", secret: 1), replacing: nil)
            try await join("a", stores)
            let alice = User.example(User.alice, "")
            _ = try await stores.sessions.start(
                .example("s", secret: 2), of: alice, from: SignInOrigin(), replacing: Identifier("s"))
            #expect(try await notices(stores).isEmpty)
            #expect(try await stores.sessions.clients(of: Identifier("s")) == [Client.web])
            let bob = User.example(User.bob, "")
            _ = try await stores.sessions.start(
                .example("t", secret: 3, user: User.bob), of: bob, from: SignInOrigin(), replacing: Identifier("s"))
            #expect(try await notices(stores).map(\.user) == [User.alice])
        }
    }

    @Test("after an expiry, only clients that asked for it are told, once", arguments: StorageBackend.all)
    func expiry(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let session = Session.example("s", secret: 1)
            try await stores.sessions.start(session, replacing: nil)
            try await join("a", stores)
            try await join(
                "b", client: Client.app, interest: LogoutInterest(isNotified: true, isNotifiedOfExpiry: true), stores)
            _ = try await TestSupport.race(8) { _ in
                try await stores.upkeep.removeExpired(before: session.expiresAt + 1, limit: 100)
            }
            #expect(try await notices(stores).map(\.client) == [Client.app])
            #expect(try await stores.sessions.clients(of: Identifier("s")).isEmpty)
        }
    }

    @Test("clients have notices that are due, and each issuer its own", arguments: StorageBackend.all)
    func due(_ backend: StorageBackend) async throws {
        try await backend.withBackend { storage in
            let first = storage.stores(for: try Issuer("https://one.example.com"))
            let second = storage.stores(for: try Issuer("https://two.example.com"))
            try await first.populate()
            try await first.sessions.start(.example("s", secret: 1), replacing: nil)
            try await join("a", first)
            try await first.sessions.end(Identifier("s"), at: moment)
            #expect(try await first.logoutNotices.clients(at: moment - 1).isEmpty)
            #expect(try await first.logoutNotices.clients(at: moment) == [Client.web])
            #expect(try await second.logoutNotices.clients(at: moment).isEmpty)
            #expect(try await second.logoutNotices.notices(of: Identifier("s")).isEmpty)
        }
    }
}
