import FoundationEssentials
import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("Sessions that rest on sign-ins at upstreams")
struct UpstreamSessionTests {
    @Test("they are found by the upstream's subject, session, or both", arguments: StorageBackend.all)
    func find(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let bases: [(String, subject: String, session: String?)] = [
                ("up", "u-1", "s-1"), ("up", "u-1", "s-2"), ("up", "u-1", nil), ("up", "u-2", "s-3"),
                ("other", "u-1", "s-1"),
            ]
            for (number, base) in bases.enumerated() {
                let upstream = UpstreamSession(
                    upstream: Identifier(base.0), subject: base.subject, session: base.session)
                let session = Session.example("s\(number)", secret: UInt8(number), upstream: upstream)
                try await stores.sessions.start(session, replacing: nil)
            }
            try await stores.sessions.start(.example("password", secret: 100), replacing: nil)
            func found(_ subject: String?, _ session: String?, limit: Int = 10) async throws -> [String] {
                try await stores.sessions.sessions(
                    from: Identifier("up"), subject: subject, session: session, limit: limit
                ).map(\.id.rawValue).sorted()
            }
            #expect(try await found("u-1", nil) == ["s0", "s1", "s2"])
            #expect(try await found(nil, "s-1") == ["s0"])
            // Nobody knows which session of the upstream the third rests on.
            #expect(try await found("u-1", "s-1") == ["s0", "s2"])
            #expect(try await found("u-2", "s-1") == [])
            #expect(try await found(nil, nil) == [])
            for other in ["U-1", "u-1 ", "%", ""] { #expect(try await found(other, nil) == []) }
            #expect(try await found("u-1", nil, limit: 2).count == 2)
        }
    }

    @Test("voided sign-ins can't become sessions, and the user's sessions stay", arguments: StorageBackend.all)
    func void(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.sessions.start(.example("former", secret: 1), replacing: nil)
            let alice = try #require(try await stores.users.find(User.alice))
            let bob = try #require(try await stores.users.find(User.bob))
            try await stores.sessions.voidSignIns(of: User.alice)
            func start(_ id: String, _ secret: UInt8, _ user: User) async throws -> SessionStart {
                try await stores.sessions.start(
                    .example(id, secret: secret, user: user.id), of: user, from: SignInOrigin(), replacing: nil)
            }
            #expect(try await start("overtaken", 2, alice) == .outdated)
            #expect(try await start("bob", 3, bob) == .started(ending: nil))
            #expect(try await stores.sessions.find(Identifier("former"), at: moment) != nil)
            let now = try #require(try await stores.users.find(User.alice))
            #expect(try await start("later", 4, now) == .started(ending: nil))
        }
    }
}
