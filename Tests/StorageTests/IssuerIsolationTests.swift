import FoundationEssentials
import IdentityProvider
import SQLStorage
import Testing

@Suite("Two issuers in one database are isolated")
struct IssuerIsolationTests {
    /// Runs `body` on two issuers with the same entries under the same identifiers.
    private func withTwins(
        _ backend: StorageBackend, _ body: (_ ours: Stores, _ theirs: Stores) async throws -> Void
    ) async throws {
        try await backend.withBackend { storage in
            let ours = storage.stores(for: try Issuer("https://id.example.com"))
            let theirs = storage.stores(for: try Issuer("https://id.example.com/other"))
            for stores in [ours, theirs] { try await fill(stores) }
            try await body(ours, theirs)
        }
    }

    private func fill(_ stores: Stores) async throws {
        try await stores.populate()
        try await stores.resourceServers.save(ResourceServer(identifier: "r", scopes: []))
        try await stores.roles.save(Role(name: "admin", permissions: []))
        try await stores.groups.save(Group(name: "staff"))
        try await stores.sessions.start(.example("s"), from: .example, replacing: nil)
        try await stores.recoveryCodes.replace([SecretDigest(bytes: [1])], of: User.alice, at: moment)
        #expect(try await stores.recoveries.start(.example(), at: moment))
        try await stores.attempts.fail(["a"], at: moment, expiresAt: moment + 3_600)
        #expect(try await stores.authorizations.create(.example("a", session: "s")))
        try await stores.consents.save(
            Consent(user: User.alice, client: Client.web, scope: ["openid"], grantedAt: moment))
        try await stores.totpCredentials.save(.example("t"))
        #expect(try await stores.passkeys.add(.example(1)))
        try await stores.upstreams.save(.example())
        #expect(try await stores.upstreamLinks.add(.example("l")))
        #expect(try await stores.keys.insert(.example("k", number: 1)))
        #expect(try await stores.dataKeys.establish([.example(1)], isNew: false))
        #expect(try await stores.singleUse.consume("jti", for: .clientAssertion, until: moment + 60))
        try await stores.mailOutbox.add(.example("m", expiresIn: 60))
    }

    /// Every way to change something, followed by reading everything.
    private static let changes: [(name: String, make: @Sendable (Stores) async throws -> Void)] = [
        ("nothing", { _ in }),
        ("client deleted", { try await $0.clients.delete(Client.web) }),
        ("client saved", { try await $0.clients.save(.example(Client.web, name: "changed")) }),
        ("client changed", { try await $0.changeWeb() }),
        ("role changed", { _ = try await $0.roles.change("admin") { $0.permissions = ["all"] } }),
        ("group changed", { _ = try await $0.groups.change("staff") { $0.roles = ["admin"] } }),
        ("user changed", { try await $0.changeAlice() }),
        ("server deleted", { try await $0.resourceServers.delete("r") }),
        ("role deleted", { try await $0.roles.delete("admin") }),
        ("group deleted", { try await $0.groups.delete("staff") }),
        (
            "roles given",
            {
                _ = try await $0.users.replaceMembership(
                    of: User.alice, from: Membership(), to: Membership(roles: ["admin"], groups: ["staff"]))
            }
        ),
        ("user deleted", { try await $0.sessions.endAll(byDeleting: User.alice, at: moment) }),
        ("user renamed", { try await $0.users.save(.example(User.alice, "changed")) }),
        ("session ended", { try await $0.sessions.end(Identifier("s"), at: moment) }),
        ("sessions ended", { try await $0.sessions.endAll(of: User.alice, at: moment) }),
        ("session replaced", { try await $0.sessions.start(.example("n", secret: 9), replacing: Identifier("s")) }),
        ("consent withdrawn", { try await $0.consents.withdraw(user: User.alice, client: Client.web) }),
        ("authorization revoked", { try await $0.authorizations.revoke(Identifier("a"), at: moment) }),
        ("all revoked", { try await $0.authorizations.revoke(user: User.alice, client: Client.web, at: moment) }),
        (
            "token rotated",
            {
                _ = try await $0.authorizations.rotate(
                    .example("a"), from: 0, grace: 0, expiresAt: moment + 1, at: moment)
            }
        ),
        ("step accepted", { _ = try await $0.totpCredentials.accept(step: 5, for: Identifier("t")) }),
        (
            "passkey used",
            { _ = try await $0.passkeys.use(Passkey.example(1).id, signCount: 9, isBackedUp: true, at: moment) }
        ),
        ("passkey renamed", { _ = try await $0.passkeys.rename(Passkey.example(1).id, of: User.alice, to: "x") }),
        (
            "passkey removed",
            {
                try await $0.users.setPasswordHash(of: User.alice, to: "hash", at: moment)
                let removal = try await $0.passkeys.remove(
                    Passkey.example(1).id, of: User.alice, usable: [], at: moment)
                #expect(removal == .removed)
            }
        ),
        (
            "new passkeys deleted",
            { _ = try await $0.passkeys.delete(of: User.alice, addedIn: .distantPast...moment.addingTimeInterval(60)) }
        ),
        (
            "new apps deleted",
            {
                _ = try await $0.totpCredentials.delete(
                    of: User.alice, addedIn: .distantPast...moment.addingTimeInterval(60))
            }
        ),
        (
            "new codes deleted",
            {
                _ = try await $0.recoveryCodes.delete(
                    of: User.alice, addedIn: .distantPast...moment.addingTimeInterval(60))
            }
        ),
        ("user disabled", { try await $0.users.setDisabled(User.alice, to: true, at: moment) }),
        ("all of a session revoked", { try await $0.authorizations.revoke(session: Identifier("s"), at: moment) }),
        ("passkey added", { _ = try await $0.passkeys.add(.example(2)) }),
        ("upstream changed", { try await $0.upstreams.save(.example(secret: nil)) }),
        ("upstream deleted", { try await $0.upstreams.delete(Identifier("up")) }),
        (
            "link added",
            { _ = try await $0.upstreamLinks.add(.example("n", subject: "u-2")) }
        ),
        (
            "user with a link added",
            {
                let user = User.example(Identifier("new"), "new")
                _ = try await $0.upstreamLinks.add(user, with: .example("n", subject: "u-2", user: user.id))
            }
        ),
        ("link used", { try await $0.upstreamLinks.use(Identifier("l"), label: "x", sealedTokens: [1], at: moment) }),
        (
            "link removed",
            { _ = try await $0.upstreamLinks.remove(Identifier("l"), of: User.alice, usable: [], at: moment) }
        ),
        (
            "new links deleted",
            {
                _ = try await $0.upstreamLinks.delete(
                    of: User.alice, addedIn: .distantPast...moment.addingTimeInterval(60))
            }
        ),
        ("device forgotten", { try await $0.devices.forget(Identifier("d"), of: User.alice) }),
        ("devices forgotten", { try await $0.devices.forgetAll(of: User.alice) }),
        ("recovery code spent", { _ = try await $0.recoveryCodes.consume(SecretDigest(bytes: [1]), of: User.alice) }),
        ("recovery codes replaced", { try await $0.recoveryCodes.replace([], of: User.alice, at: moment) }),
        ("recovery ended", { _ = try await $0.recoveries.end(.example()) }),
        ("failure taken back", { try await $0.attempts.takeBack(1, of: "a") }),
        ("failure counted", { try await $0.attempts.fail(["a"], at: moment, expiresAt: moment + 3_600) }),
        ("failures forgotten", { try await $0.attempts.forget(["a"]) }),
        ("credential deleted", { try await $0.totpCredentials.delete(Identifier("t")) }),
        ("key moved", { try await $0.keys.update("k", signsUntil: moment, publishedUntil: moment) }),
        ("data key added", { _ = try await $0.dataKeys.insert(.example(2)) }),
        ("data key deleted", { try await $0.dataKeys.delete("transit", number: 1) }),
        ("everything ended", { try await $0.sessions.endEverything(replacing: [.example(3)], at: moment) }),
        ("key deleted", { try await $0.keys.delete("k") }),
        ("value spent", { _ = try await $0.singleUse.consume("new", for: .clientAssertion, until: moment) }),
        ("mail added", { try await $0.mailOutbox.add(.example("n")) }),
        (
            "mail leased",
            { _ = try await $0.mailOutbox.lease(.example("m"), until: moment + 9, at: moment) }
        ),
        ("expired removed", { _ = try await $0.upkeep.removeExpired(before: moment + 9_000, limit: 100) }),
    ]

    private func picture(_ stores: Stores) async throws -> [String] {
        [
            "\(try await stores.clients.all())", "\(try await stores.resourceServers.all())",
            "\(try await stores.roles.all())", "\(try await stores.groups.all())",
            "\(try await stores.users.list(after: nil, limit: 10))",
            "\(try await stores.users.find([User.alice]))",
            "\(String(describing: try await stores.users.find(named: "alice@example.com")))",
            "\(String(describing: try await stores.sessions.find(Session.example("").secret, at: moment)))",
            "\(try await stores.sessions.list(after: nil, at: moment, usedAfter: .distantPast, limit: 10))",
            "\(String(describing: try await stores.authorizations.find(Identifier("a"))))",
            "\(String(describing: try await stores.consents.find(user: User.alice, client: Client.web)))",
            "\(try await stores.passkeys.passkeys(of: User.alice))",
            "\(try await stores.upstreams.all()) \(try await stores.upstreamLinks.links(of: User.alice))",
            "\(try await stores.devices.devices(of: User.alice, at: moment))",
            "\(try await stores.devices.networks(of: User.alice, at: moment))",
            "\(try await stores.recoveryCodes.count(of: User.alice))",
            "\(String(describing: try await stores.recoveries.find(User.alice)))",
            "\(try await stores.attempts.failures(of: ["a"], at: moment))",
            "\(try await stores.totpCredentials.credentials(of: User.alice))", "\(try await stores.keys.all())",
            "\(try await stores.singleUse.isConsumed("jti", for: .clientAssertion))",
            "\(try await stores.singleUse.isConsumed("new", for: .clientAssertion))",
            "\(try await stores.dataKeys.all())",
            "\(try await stores.mailOutbox.due(at: moment, limit: 9)) \(try await stores.mailOutbox.depth(at: moment))",
        ]
    }

    @Test("a change at one issuer doesn't affect the other", arguments: StorageBackend.all, changes.indices)
    func change(_ backend: StorageBackend, index: Int) async throws {
        try await withTwins(backend) { ours, theirs in
            let (name, make) = Self.changes[index]
            let before = try await picture(theirs)
            let version = try await theirs.upkeep.version()
            #expect(try await picture(ours) == before)
            try await make(ours)
            #expect(try await picture(theirs) == before, "\(name)")
            #expect(try await theirs.upkeep.version() == version, "\(name)")
            #expect((try await picture(ours) != before) == (name != "nothing"), "\(name) has an unexpected effect")
        }
    }
}
