import FoundationEssentials
import IdentityProvider
import JOSE
import SQLStorage
import TestSupport
import Testing

@Suite("Values that work once: time steps (RFC 6238 §5.2), assertions (RFC 7523 §3), key numbers")
struct OneTimeValueTests {
    @Test("of 64 concurrent uses of one code, one is accepted", arguments: StorageBackend.all)
    func totpRace(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.totpCredentials.save(.example("t"))
            let wins = try await race(64) { _ in
                try await stores.totpCredentials.accept(step: 57_000_000, for: Identifier("t"))
            }
            #expect(wins.count(where: \.self) == 1)
        }
    }

    @Test(
        "after step 100, only later ones are accepted", arguments: StorageBackend.all,
        [(99, false), (100, false), (101, true)])
    func totpOrder(_ backend: StorageBackend, _ example: (step: Int, isAccepted: Bool)) async throws {
        try await backend.withStores { stores in
            try await stores.totpCredentials.save(.example("t", lastStep: 100))
            let isAccepted = try await stores.totpCredentials.accept(step: example.step, for: Identifier("t"))
            #expect(isAccepted == example.isAccepted)
            let lastStep = try await stores.totpCredentials.credentials(of: User.alice).first?.lastStep
            #expect(lastStep == max(example.step, 100))
        }
    }

    @Test("a credential belongs to its user, and a deleted one accepts nothing", arguments: StorageBackend.all)
    func totpCredentials(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let credential = TOTPCredential.example("t")
            try await stores.totpCredentials.save(credential)
            try await stores.totpCredentials.save(.example("u"))
            #expect(try await stores.totpCredentials.credentials(of: User.alice) == [credential, .example("u")])
            #expect(try await stores.totpCredentials.credentials(of: User.bob).isEmpty)
            try await stores.totpCredentials.delete(credential.id)
            #expect(try await stores.totpCredentials.credentials(of: User.alice) == [.example("u")])
            #expect(try await !stores.totpCredentials.accept(step: 1, for: credential.id))
        }
    }

    @Test("of 64 concurrent uses of one assertion, one is the first", arguments: StorageBackend.all)
    func spentRace(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let wins = try await race(64) { _ in
                try await stores.singleUse.consume("jti", for: .clientAssertion, until: moment)
            }
            #expect(wins.count(where: \.self) == 1)
        }
    }

    @Test("values are compared exactly, and separately for each purpose", arguments: StorageBackend.all)
    func spentValues(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            for value in ["jti", "JTI", "jti ", "jti\u{0}", "e\u{301}", "\u{E9}", ""] {
                #expect(try await !stores.singleUse.isConsumed(value, for: .clientAssertion))
                let isFirst = try await stores.singleUse.consume(value, for: .clientAssertion, until: moment)
                #expect(isFirst, "\(value.debugDescription)")
                #expect(try await stores.singleUse.isConsumed(value, for: .clientAssertion))
                #expect(try await !stores.singleUse.isConsumed(value, for: .accessToken))
            }
        }
    }

    @Test(
        "even an absurd expiry doesn't stop the program", arguments: StorageBackend.all,
        [.distantFuture, .distantPast, Date(timeIntervalSince1970: 1e300), Date(timeIntervalSince1970: -.infinity)])
    func absurdExpiry(_ backend: StorageBackend, expiry: Date) async throws {
        try await backend.withStores { stores async throws in
            #expect(try await stores.singleUse.consume("jti", for: .accessToken, until: expiry))
        }
    }

    @Test("of 64 nodes that create the next key, one does", arguments: StorageBackend.all)
    func keyRace(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let wins = try await race(64) { node in
                try await stores.keys.insert(.example("of node \(node)", number: 1))
            }
            #expect(wins.count(where: \.self) == 1)
            #expect(try await stores.keys.all().count == 1)
        }
    }

    @Test("keys are ordered by algorithm and number, and their times can be changed", arguments: StorageBackend.all)
    func keys(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            var first = SigningKeyRecord.example("c", number: 1)
            let tenth = SigningKeyRecord.example("a", number: 10)
            let other = SigningKeyRecord.example("b", .rs256, number: 2)
            for key in [other, tenth, first] { #expect(try await stores.keys.insert(key)) }
            #expect(try await stores.keys.all() == [first, tenth, other])
            first.signsUntil = moment + 40
            first.publishedUntil = moment + 50
            try await stores.keys.update("c", signsUntil: first.signsUntil, publishedUntil: first.publishedUntil)
            #expect(try await stores.keys.all() == [first, tenth, other])
            try await stores.keys.delete("a")
            #expect(try await stores.keys.all() == [first, other])
        }
    }
}
