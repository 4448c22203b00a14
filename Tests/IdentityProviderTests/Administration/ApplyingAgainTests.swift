import FoundationEssentials
import IdentityProvider
import JOSE
import SQLStorage
import TestSupport
import Testing

@Suite("Reapplying resources keeps changes made elsewhere")
struct ApplyingAgainTests {
    private func set(_ json: String) throws -> ResourceSet { try ResourceSet(JSONObject(parsing: Array(json.utf8))) }

    private func user(_ issuer: TestIssuer, _ name: String = "alice") async throws -> User {
        try #require(try await issuer.stores.users.find(named: name))
    }

    @Test("a password changed by its owner is not reset, and nobody is signed out")
    func password() async throws {
        let issuer = try await TestIssuer()
        try await issuer.administration.setPassword("another password", of: user(issuer))
        let browser = Browser(issuer)
        _ = try await browser.authorize(Browser.webRequest(), as: "alice", password: "another password")
        let before = try await user(issuer)
        let resources = try set(TestIssuer.resources)
        #expect(try await issuer.administration.usersWithOtherPasswords(resources) == ["alice"])
        #expect(try await issuer.administration.apply(resources).isEmpty)
        #expect(try await user(issuer) == before)
        #expect(try await issuer.stores.sessions.sessions(of: before.id, at: issuer.clock.now).count == 1)
    }

    @Test("a password hash is only used when the user is created")
    func passwordHash() async throws {
        let issuer = try await TestIssuer()
        let hash = try #require(try await user(issuer, "bob").passwordHash)
        let resources = try set(#"{"users": [{"username": "dan", "password_hash": "\#(hash)"}]}"#)
        let credential = MemberDifference("password_hash", from: nil, to: nil)
        #expect(try await issuer.administration.apply(resources) == [Change(.create, "user", "dan", [credential])])
        #expect(try await user(issuer, "dan").passwordHash == hash)
        try await issuer.administration.setPassword("another password", of: user(issuer, "dan"))
        #expect(try await issuer.administration.apply(resources).isEmpty)
        #expect(try await user(issuer, "dan").passwordHash != hash)
    }

    @Test("an authenticator app removed by its owner is not restored")
    func authenticator() async throws {
        let issuer = try await TestIssuer()
        let bob = try await user(issuer, "bob").id
        for credential in try await issuer.stores.totpCredentials.credentials(of: bob) {
            try await issuer.stores.totpCredentials.delete(credential.id)
        }
        #expect(try await issuer.administration.apply(set(TestIssuer.resources)).isEmpty)
        #expect(try await issuer.stores.totpCredentials.credentials(of: bob).isEmpty)
    }

    @Test("members that the file omits keep their values")
    func omitted() async throws {
        let issuer = try await TestIssuer()
        _ = try await issuer.administration.apply(
            set(#"{"roles": [{"name": "editor"}], "groups": [{"name": "press"}]}"#))
        let alice = try await user(issuer).id
        try await issuer.administration.assign(Membership(roles: ["editor"], groups: ["press"]), to: alice)
        try await issuer.administration.setDisabled(true, user(issuer))
        let before = try await user(issuer)
        for members in ["", #", "email": "alice@example.com""#, #", "password": "correct horse""#] {
            let resources = try set(#"{"users": [{"username": "alice"\#(members)}]}"#)
            #expect(try await issuer.administration.apply(resources).isEmpty)
            #expect(try await user(issuer) == before)
        }
    }

    @Test("members in the file are updated one at a time")
    func mentioned() async throws {
        let issuer = try await TestIssuer()
        _ = try await issuer.administration.apply(set(#"{"roles": [{"name": "editor"}]}"#))
        let alice = try await user(issuer).id
        try await issuer.administration.assign(Membership(roles: ["editor"]), to: alice)
        try await issuer.administration.setDisabled(true, user(issuer))
        var expected = try await user(issuer)
        let steps: [(json: String, member: String, change: (inout User) -> Void)] = [
            (#""disabled": false"#, "disabled", { $0.isDisabled = false }),
            (#""roles": []"#, "roles", { $0.roles = [] }),
            (#""email_verified": false"#, "email_verified", { $0.isEmailVerified = false }),
            (#""name": "Alice""#, "name", { $0.claims["name"] = "Alice" }),
            (#""name": null"#, "name", { $0.claims["name"] = nil }),
            (#""username": "Alice""#, "username", { $0.username = "Alice" }),
        ]
        for (json, member, change) in steps {
            let name = json.contains("username") ? "" : #""username": "alice", "#
            let changes = try await issuer.administration.apply(set(#"{"users": [{\#(name)\#(json)}]}"#))
            #expect(changes.map(\.members) == [[member]])
            change(&expected)
            #expect(try await user(issuer) == expected, "\(json)")
        }
    }

    @Test("a new email address is unverified unless the file says otherwise; null removes it")
    func address() async throws {
        let issuer = try await TestIssuer()
        func apply(_ members: String) async throws -> User {
            _ = try await issuer.administration.apply(set(#"{"users": [{"username": "alice", \#(members)}]}"#))
            return try await user(issuer)
        }
        #expect(try await apply(#""email": "new@example.com""#).isEmailVerified == false)
        #expect(try await apply(#""email": "old@example.com", "email_verified": true"#).isEmailVerified)
        #expect(try await apply(#""email": "old@example.com""#).isEmailVerified)
        let without = try await apply(#""email": null"#)
        #expect(without.email == nil && !without.isEmailVerified)
        #expect(try await issuer.stores.users.find(named: "old@example.com") == nil)
    }

    @Test("null is rejected for members that can't be unset", arguments: ["roles", "disabled", "password"])
    func null(_ member: String) throws {
        #expect(throws: InvalidResources.self) { try set(#"{"users": [{"username": "a", "\#(member)": null}]}"#) }
    }

    @Test("a disabled user or client stays disabled until the file says otherwise")
    func disabled() async throws {
        let issuer = try await TestIssuer()
        let web = Identifier<Client>(rawValue: "web")
        try await issuer.administration.setDisabled(true, #require(try await issuer.stores.clients.find(web)))
        #expect(try await issuer.administration.apply(set(TestIssuer.resources)).isEmpty)
        #expect(try await issuer.stores.clients.find(web)?.isDisabled == true)
        let enabled = TestIssuer.resources.replacing(
            #""client_id": "web","#, with: #""client_id": "web", "disabled": false,"#)
        let changes = try await issuer.administration.apply(set(enabled))
        let difference = MemberDifference("disabled", from: true, to: false)
        #expect(changes == [Change(.update, "client", "web", [difference])])
        #expect(try await issuer.stores.clients.find(web)?.isDisabled == false)
    }

    @Test("a command that read a stale client doesn't undo concurrent changes")
    func stale() async throws {
        let issuer = try await TestIssuer()
        let web = Identifier<Client>(rawValue: "web")
        let before = try #require(try await issuer.stores.clients.find(web))
        _ = try await issuer.administration.renewSecret(of: before)
        let renewed = try await issuer.stores.clients.find(web)?.secret
        #expect(renewed != before.secret)
        try await issuer.administration.setDisabled(true, before)
        let disabled = try await issuer.stores.clients.find(web)
        #expect(disabled?.isDisabled == true && disabled?.secret == renewed)
        _ = try await issuer.administration.renewSecret(of: before)
        #expect(try await issuer.stores.clients.find(web)?.isDisabled == true)
    }

    @Test(
        "a file applied while its users and clients change undoes none of those changes", arguments: TestEngine.allCases
    )
    func atOnce(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(database: TestDatabase(engine))
        let (alice, web) = (try await user(issuer), Identifier<Client>(rawValue: "web"))
        let client = try #require(try await issuer.stores.clients.find(web))
        _ = try await issuer.administration.apply(set(#"{"roles": [{"name": "a"}, {"name": "b"}]}"#))
        let changes: [@Sendable () async throws -> Void] = [
            { try await issuer.administration.setPassword("another password", of: alice) },
            { try await issuer.administration.assign(Membership(roles: ["a", "b"]), to: alice.id) },
            { try await issuer.administration.setDisabled(true, alice) },
            { try await issuer.administration.setDisabled(true, client) },
            { _ = try await issuer.administration.renewSecret(of: client) },
        ]
        let files = try (0..<12).map { number in
            let document = """
                {"users": [{"username": "alice", "password": "correct horse", "name": "Alice \(number)"}],
                 "clients": [{"client_id": "own", "client_secret": "own-secret-own-secret-own-secret-1",
                   "redirect_uris": ["https://own.example/\(number)"]},
                  {"client_id": "off", "client_secret": "off-secret-off-secret-off-secret-1",
                   "redirect_uris": ["https://off.example/\(number)"]}]}
                """
            return try set(document)
        }
        _ = try await race(files.count + changes.count) { number in
            if number < files.count {
                _ = try await issuer.administration.apply(files[number])
            } else {
                try await changes[number - files.count]()
            }
        }
        let after = try await user(issuer)
        #expect(after.isDisabled && after.isEmailVerified)
        #expect(after.membership == Membership(roles: ["a", "b"]))
        #expect(after.passwordHash != alice.passwordHash)
        #expect(after.claims["name"]?.string?.hasPrefix("Alice ") == true)
        let stored = try #require(try await issuer.stores.clients.find(web))
        #expect(stored.isDisabled && stored.secret != client.secret)
        #expect(try await issuer.stores.clients.find(Identifier(rawValue: "off"))?.isDisabled == true)
    }

    @Test("a deleted role is removed from a group that changes at the same time")
    func deletedRole() async throws {
        let issuer = try await TestIssuer()
        _ = try await issuer.administration.apply(
            set(#"{"roles": [{"name": "a"}, {"name": "b"}], "groups": [{"name": "press", "roles": ["a", "b"]}]}"#))
        _ = try await race(2) { number in
            try await issuer.administration.deleteRole(number == 0 ? "a" : "b")
        }
        #expect(try await issuer.stores.groups.all().map(\.roles) == [[]])
    }

    @Test("changing a role's permissions keeps its minimum acr")
    func demand() async throws {
        let issuer = try await TestIssuer()
        _ = try await issuer.administration.apply(
            set(#"{"roles": [{"name": "admin", "minimum_acr": "urn:martlet:acr:2"}]}"#))
        try await issuer.administration.setPermissions(Role(name: "admin", permissions: ["all"]))
        try await issuer.administration.setPermissions(Role(name: "new", permissions: ["some"]))
        let roles = try await issuer.stores.roles.all()
        #expect(roles.map(\.permissions) == [["all"], ["some"]])
        #expect(roles[0].minimumContext != nil)
    }
}
