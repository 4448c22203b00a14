import FoundationEssentials
import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("Clients, resource servers and consents")
struct ClientStoreTests {
    @Test(
        "a client is stored with its secret", arguments: StorageBackend.all,
        [
            nil, ClientSecret(digest: SecretDigest(bytes: [1, 2, 3])),
            ClientSecret(digest: SecretDigest(bytes: [0, 255]), sealed: [0, 1, 2]),
        ])
    func roundTrip(_ backend: StorageBackend, secret: ClientSecret?) async throws {
        try await backend.withStores { stores in
            let client = try Client.example(Identifier("new"), name: "\"quoted\" \u{1F426}", secret: secret)
            try await stores.clients.save(client)
            #expect(try await stores.clients.find(client.id) == client)
            // Saving the client without a secret removes the secret.
            try await stores.clients.save(.example(client.id))
            #expect(try await stores.clients.find(client.id)?.secret == nil)
        }
    }

    @Test(
        "of concurrent changes to a client from the same state one succeeds, and of concurrent additions one",
        arguments: StorageBackend.all)
    func updateRace(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let stored = try #require(try await stores.clients.find(Client.web))
            let updated = try await race(16) { number in
                // Half of the tasks renew the secret, the others change the metadata.
                let secret = number % 2 == 0 ? ClientSecret(digest: SecretDigest(bytes: [UInt8(number)])) : nil
                let name = secret == nil ? "Shop \(number)" : "Web shop"
                return try await stores.clients.update(stored, to: .example(Client.web, name: name, secret: secret))
            }
            #expect(updated.count(where: \.self) == 1)
            let added = try await race(16) { number in
                try await stores.clients.add(.example(Identifier("new"), name: "Shop \(number)"))
            }
            #expect(added.count(where: \.self) == 1)
        }
    }

    @Test("concurrent edits of a group or role are all kept", arguments: StorageBackend.all)
    func edits(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.groups.save(Group(name: "staff", description: "All"))
            try await stores.roles.save(Role(name: "admin", permissions: [], minimumContext: .multiFactor))
            _ = try await race(16) { number in
                _ = try await stores.groups.change("staff") { $0.roles.append("role-\(number)") }
                _ = try await stores.roles.change("admin") { $0.permissions.append("permission-\(number)") }
            }
            let (group, role) = (try await stores.groups.all()[0], try await stores.roles.all()[0])
            #expect(Set(group.roles).count == 16 && group.description == "All")
            #expect(Set(role.permissions).count == 16 && role.minimumContext == .multiFactor)
            #expect(try await stores.groups.change("staff") { _ in } == nil)
            #expect(try await stores.groups.change("nobody") { $0.roles = [] } == nil)
        }
    }

    @Test(
        "identifiers are compared exactly", arguments: StorageBackend.all, ["WEB", "web ", "we", "web\u{0}", ""])
    func exact(_ backend: StorageBackend, id: String) async throws {
        try await backend.withStores { stores async throws in
            #expect(try await stores.clients.find(Identifier(id)) == nil)
        }
    }

    @Test("clients are listed in the order of their identifiers", arguments: StorageBackend.all)
    func all(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.clients.save(.example(Identifier("middle")))
            #expect(try await stores.clients.all().map(\.id.rawValue) == ["app", "middle", "web"])
        }
    }

    @Test(
        "deleting a client removes its consents and authorizations, so that a successor gets none",
        arguments: StorageBackend.all)
    func delete(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for client in [Client.web, Client.app] {
                try await stores.consents.save(
                    Consent(user: User.alice, client: client, scope: ["openid"], grantedAt: moment))
                _ = try await stores.authorizations.create(.example("a-\(client)", client: client))
            }
            try await stores.clients.delete(Client.web)
            #expect(try await stores.clients.find(Client.web) == nil)
            try await stores.clients.save(.example(Client.web))
            for (client, isLeft) in [(Client.web, false), (Client.app, true)] {
                #expect((try await stores.consents.find(user: User.alice, client: client) != nil) == isLeft)
                #expect((try await stores.authorizations.find(Identifier("a-\(client)")) != nil) == isLeft)
            }
        }
    }

    @Test("a user has one consent per client", arguments: StorageBackend.all)
    func consents(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            var consent = Consent(user: User.alice, client: Client.web, scope: ["openid"], grantedAt: moment)
            try await stores.consents.save(consent)
            consent.scope = ["openid", "profile"]
            consent.grantedAt = moment + 60
            try await stores.consents.save(consent)
            #expect(try await stores.consents.find(user: User.alice, client: Client.web) == consent)
            #expect(try await stores.consents.find(user: User.bob, client: Client.web) == nil)
            #expect(try await stores.consents.find(user: User.alice, client: Client.app) == nil)
            try await stores.consents.withdraw(user: User.bob, client: Client.web)
            #expect(try await stores.consents.find(user: User.alice, client: Client.web) == consent)
            try await stores.consents.withdraw(user: User.alice, client: Client.web)
            #expect(try await stores.consents.find(user: User.alice, client: Client.web) == nil)
        }
    }

    @Test("resource servers are saved, replaced, listed and deleted", arguments: StorageBackend.all)
    func resourceServers(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            var orders = ResourceServer(identifier: "https://b.example", scopes: ["orders.read"])
            let reports = ResourceServer(
                identifier: "https://a.example", scopes: [], format: .opaque, accessTokenLifetime: 60,
                introspectionClients: ["api"])
            try await stores.resourceServers.save(orders)
            try await stores.resourceServers.save(reports)
            orders.scopes = ["orders.write"]
            try await stores.resourceServers.save(orders)
            #expect(try await stores.resourceServers.all() == [reports, orders])
            try await stores.resourceServers.delete(reports.identifier)
            #expect(try await stores.resourceServers.all() == [orders])
        }
    }

    @Test("groups are saved, replaced, listed and deleted", arguments: StorageBackend.all)
    func groups(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            var staff = Group(name: "staff", description: "All who work here", roles: ["admin"])
            try await stores.groups.save(Group(name: "guests"))
            try await stores.groups.save(staff)
            staff.roles = ["viewer", "admin"]
            try await stores.groups.save(staff)
            #expect(try await stores.groups.all() == [Group(name: "guests"), staff])
            try await stores.groups.delete("guests")
            #expect(try await stores.groups.all() == [staff])
        }
    }

    @Test("roles are saved, replaced, listed and deleted", arguments: StorageBackend.all)
    func roles(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            var admin = Role(name: "admin", permissions: ["users:write"])
            try await stores.roles.save(Role(name: "viewer", permissions: []))
            try await stores.roles.save(admin)
            admin.permissions = ["users:read", "users:write"]
            try await stores.roles.save(admin)
            #expect(try await stores.roles.all() == [admin, Role(name: "viewer", permissions: [])])
            try await stores.roles.delete("viewer")
            #expect(try await stores.roles.all() == [admin])
        }
    }
}
