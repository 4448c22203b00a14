import FoundationEssentials
import IdentityProvider
import JOSE
import SQLStorage
import Synchronization

/// A database that records each statement before running it.
final class ObservedDatabase: SQLDatabase {
    typealias Observe = @Sendable (any SQLConnection, SQLStatement, [SQLValue]) throws -> [String]

    private let base: any SQLDatabase
    private let observe: Observe
    private let all = Mutex<[String]>([])

    init(_ base: any SQLDatabase, observe: @escaping Observe) {
        self.base = base
        self.observe = observe
    }

    var notes: [String] { all.withLock(\.self) }
    func forget() { all.withLock { $0 = [] } }

    var dialect: SQLDialect { base.dialect }
    var mayLag: Bool { base.mayLag }
    var committedUnits: Int { base.committedUnits }

    func transaction<Result: Sendable>(
        _ freshness: Freshness, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await base.transaction(freshness) { [self] in try body(ObservedConnection(base: $0, note: note)) }
    }

    func read<Result: Sendable>(
        _ freshness: Freshness, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await base.read(freshness) { [self] in try body(ObservedConnection(base: $0, note: note)) }
    }

    func survey<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await base.survey(body)
    }

    func maintain<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await base.maintain(body)
    }

    func close() async { await base.close() }

    private func note(_ connection: any SQLConnection, _ statement: SQLStatement, _ values: [SQLValue]) throws {
        let notes = try observe(connection, statement, values)
        all.withLock { $0 += notes }
    }
}

private struct ObservedConnection: SQLConnection {
    let base: any SQLConnection
    let note: (any SQLConnection, SQLStatement, [SQLValue]) throws -> Void

    func execute(_ statement: SQLStatement, _ values: [SQLValue]) throws -> Int {
        try note(base, statement, values)
        return try base.execute(statement, values)
    }

    func forEachRow(_ statement: SQLStatement, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        try note(base, statement, values)
        try base.forEachRow(statement, values, body)
    }

    func close() { base.close() }
}

extension DataKeyStore {
    /// Uses every operation except two that key commands run once over all rows: counting the digests of a former key,
    /// and ending everything.
    fileprivate func askEverything() async throws {
        _ = try await establish([.example(1)], isNew: true)
        _ = try await insert(.example(2))
        _ = try await rewrap(.example(2), as: .example(2))
        _ = try await all()
        try await delete("transit", number: 2)
        for column in DigestColumn.allCases { try await renew(column, from: [1], to: [2]) }
        for column in SealedColumn.allCases {
            for value in try await sealed(column, after: "", limit: 10) {
                _ = try await reseal(column, value, as: value.bytes)
            }
        }
    }
}

extension Stores {
    private func askLogoutNotices() async throws {
        _ = try await logoutNotices.clients(at: moment)
        _ = try await logoutNotices.depth(at: moment)
        for notice in try await logoutNotices.notices(of: Identifier("s")) {
            _ = try await logoutNotices.due(to: notice.client.rawValue, at: moment, limit: 4)
            guard let leased = try await logoutNotices.lease(notice, until: moment, at: moment) else { continue }
            try await logoutNotices.postpone(leased, until: moment)
            try await logoutNotices.remove(leased)
        }
    }

    private func askEventStreams() async throws {
        let stream = EventStream.example
        _ = try await eventStreams.add(stream)
        _ = try await eventStreams.all()
        _ = try await eventStreams.find(stream.id)
        _ = try await eventStreams.stream(of: stream.client)
        for isIncluded in [true, false] {
            try await eventStreams.set(User.alice, isIncluded: isIncluded, in: stream.id)
        }
        try await securityEvents.add(.example)
        for event in try await securityEvents.due(to: stream.id.rawValue, at: moment, limit: 10) {
            guard let leased = try await securityEvents.lease(event, until: moment, at: moment) else { continue }
            try await securityEvents.postpone(leased, until: moment)
            try await securityEvents.remove(leased)
        }
        try await securityEvents.add(.example)
        _ = try await securityEvents.acknowledge([SecurityEvent.example.id], in: stream.id)
        try await securityEvents.add(.example)
        _ = try await securityEvents.depth(at: moment)
        _ = try await securityEvents.backlog(of: stream.id)
        try await clients.save(.receiver)
        for (sequence, type) in [(3, EventType.credentialChange), (4, .accountPurged)] {
            try await audit.append(
                [.example(sequence)], head: .example(sequence), deliveries: [:],
                signals: [sequence: .example("node.\(sequence)", type)])
        }
        var disabled = stream
        disabled.status = .disabled
        _ = try await eventStreams.update(stream, to: disabled)
        _ = try await eventStreams.delete(stream.id)
        try await clients.save(.example(Client.web))
    }

    /// Uses every operation of every store.
    func askEverything() async throws {
        try await populate()
        _ = try await clients.find(Client.web)
        _ = try await clients.all()
        _ = try await clients.add(.example(Identifier("added")))
        try await changeWeb()
        try await resourceServers.save(ResourceServer(identifier: "r", scopes: []))
        _ = try await resourceServers.all()
        try await resourceServers.delete("r")
        try await roles.save(Role(name: "admin", permissions: []))
        _ = try await roles.all()
        _ = try await roles.change("admin") { $0.permissions = ["all"] }
        try await roles.delete("admin")
        try await groups.save(Group(name: "staff"))
        _ = try await groups.all()
        _ = try await groups.change("staff") { $0.roles = ["admin"] }
        try await groups.delete("staff")
        try await attributes.save(Attribute(name: "department"))
        _ = try await attributes.all()
        try await attributes.delete("department")
        try await upstreams.save(.example())
        _ = try await upstreams.all()
        try await pushedRequests.save([1], as: "x", until: moment)
        _ = try await pushedRequests.find("x")
        _ = try await pushedRequests.consume("x")
        _ = try await deviceAuthorizations.add(.example("x", code: "c"))
        _ = try await deviceAuthorizations.find("x")
        _ = try await deviceAuthorizations.find(userCode: "c")
        _ = try await deviceAuthorizations.poll("x", at: moment, slack: 0.5, penalty: 5, longest: 60)
        _ = try await deviceAuthorizations.poll("x", at: moment, slack: 0.5, penalty: 5, longest: 60)
        _ = try await deviceAuthorizations.answer("x", with: [2], at: moment)
        _ = try await users.find(User.alice)
        _ = try await users.find(named: "alice")
        _ = try await users.list(after: "a", limit: 10)
        _ = try await users.replaceMembership(of: User.alice, from: Membership(), to: Membership(roles: ["admin"]))
        try await users.replacePasswordHash(of: User.alice, from: "", with: "")
        try await users.setPasswordHash(of: User.alice, to: "", at: moment)
        try await users.setDisabled(User.alice, to: false, at: moment)
        try await users.verifyEmail("alice@example.com", of: User.alice, at: moment)
        if let alice = try await users.find(User.alice) {
            _ = try await users.changeProfile(of: alice, to: [:], [:], at: moment)
            _ = try await users.changeEmail(of: alice, to: "alice@example.org", at: moment)
            _ = try await users.setPasswordHash(of: alice, to: "", mailedAt: moment, at: moment)
            try await changeAlice()
        }
        try await sessions.start(.example("s"), from: .moved, replacing: Identifier("former"))
        try await users.add(.example(Identifier("added"), "added"), with: .example("added", user: Identifier("added")))
        _ = try await sessions.sessions(of: User.alice, at: moment)
        for (subject, session) in [("u-1", "s-1"), ("u-1", nil), (nil, "s-1")] {
            _ = try await sessions.sessions(from: Identifier("up"), subject: subject, session: session, limit: 100)
        }
        _ = try await devices.find(Device.example("d").secret, of: User.alice, at: moment)
        _ = try await devices.devices(of: User.alice, at: moment)
        _ = try await devices.networks(of: User.alice, at: moment)
        try await devices.forget(Identifier("d"), of: User.alice)
        try await devices.forgetAll(of: User.alice)
        try await recoveryCodes.replace([SecretDigest(bytes: [1])], of: User.alice, at: moment)
        _ = try await recoveryCodes.count(of: User.alice)
        _ = try await recoveryCodes.madeAt(of: User.alice)
        if let alice = try await users.find(User.alice) {
            _ = try await recoveryCodes.replaceAccessCode(
                SecretDigest(bytes: [2]), of: alice, until: moment, at: moment)
        }
        _ = try await recoveryCodes.accessCodeExpiry(of: User.alice)
        _ = try await recoveryCodes.consumeAccessCode([SecretDigest(bytes: [2])], of: User.alice, at: moment)
        _ = try await recoveries.start(.example(), at: moment)
        if let recovery = try await recoveries.find(User.alice) { _ = try await recoveries.end(recovery) }
        _ = try await recoveryCodes.delete(of: User.alice, addedIn: moment...moment)
        _ = try await recoveryCodes.consume(SecretDigest(bytes: [1]), of: User.alice)
        try await attempts.fail(["a"], at: moment, expiresAt: moment)
        _ = try await attempts.failures(of: ["a"], at: moment)
        try await attempts.takeBack(1, of: "a")
        try await attempts.forget(["a"])
        _ = try await sessions.find(Session.example("s").secret, at: moment)
        _ = try await sessions.find(Session.example("s").id, at: moment)
        try await sessions.touch(Identifier("s"), at: moment, unlessUsedAfter: moment)
        _ = try await authorizations.create(
            .example("a", session: "s"), interest: LogoutInterest(isNotified: true), at: moment)
        _ = try await sessions.clients(of: Identifier("s"))
        _ = try await RotationTests.present(0, after: 1, self)
        _ = try await RotationTests.present(0, after: 1, self)
        try await authorizations.revoke(Identifier("a"), at: moment)
        try await authorizations.revoke(user: User.alice, client: Client.web, at: moment)
        try await authorizations.revoke(user: User.alice, at: moment)
        try await authorizations.revoke(client: Client.app, at: moment)
        try await authorizations.revoke(session: Identifier("s"), at: moment)
        try await sessions.end(Identifier("s"), at: moment)
        try await askLogoutNotices()
        try await consents.save(Consent(user: User.alice, client: Client.web, scope: [], grantedAt: moment))
        _ = try await consents.find(user: User.alice, client: Client.web)
        try await consents.withdraw(user: User.alice, client: Client.web)
        try await totpCredentials.save(.example("t"))
        _ = try await totpCredentials.credentials(of: User.alice)
        _ = try await totpCredentials.accept(step: 1, for: Identifier("t"))
        try await totpCredentials.delete(Identifier("t"))
        _ = try await totpCredentials.delete(of: User.alice, addedIn: moment...moment)
        _ = try await passkeys.add(.example(1))
        _ = try await passkeys.find(Passkey.example(1).id)
        _ = try await passkeys.passkeys(of: User.alice)
        _ = try await passkeys.use(Passkey.example(1).id, signCount: 1, isBackedUp: false, at: moment)
        _ = try await passkeys.rename(Passkey.example(1).id, of: User.alice, to: "Key")
        _ = try await passkeys.remove(Passkey.example(1).id, of: User.alice, usable: [], at: moment)
        _ = try await passkeys.delete(of: User.alice, addedIn: moment...moment)
        _ = try await upstreamLinks.add(.example("l", tokens: [1]))
        let linked = Identifier<User>("linked")
        _ = try await upstreamLinks.add(.example(linked, "linked"), with: .example("m", subject: "u-2", user: linked))
        _ = try await upstreamLinks.find(Identifier("up"), subject: "u-1")
        _ = try await upstreamLinks.links(of: User.alice)
        try await upstreamLinks.use(Identifier("l"), label: "a", sealedTokens: [1], at: moment)
        _ = try await keys.insert(.example("k", number: 1))
        _ = try await keys.all()
        try await keys.update("k", signsUntil: moment, publishedUntil: moment)
        try await keys.delete("k")
        _ = try await singleUse.consume("jti", for: .clientAssertion, until: moment)
        _ = try await singleUse.isConsumed("jti", for: .clientAssertion)
        try await mailOutbox.add(.example("m"))
        _ = try await mailOutbox.add(
            .example("n"), within: [MailShare(name: "share", limit: 1, endsAt: moment)], capacity: 10, at: moment)
        for mail in try await mailOutbox.due(at: moment, limit: 10) {
            guard let leased = try await mailOutbox.lease(mail, until: moment, at: moment) else { continue }
            try await mailOutbox.postpone(leased, until: moment)
            try await mailOutbox.remove(leased)
        }
        _ = try await mailOutbox.depth(at: moment)
        try await audit.append([.example(1)], head: .example(1), deliveries: [1: [.example]])
        try await audit.append([.example(1)], head: .example(1), deliveries: [1: [.example]])
        for delivery in try await webhooks.due(to: WebhookDelivery.example.url, at: moment, limit: 10) {
            guard let leased = try await webhooks.lease(delivery, until: moment, at: moment) else { continue }
            try await webhooks.postpone(leased, until: moment)
            try await webhooks.remove(leased)
        }
        try await askEventStreams()
        try await audit.append([.example(2)], head: .example(2), deliveries: [2: [.example]])
        _ = try await webhooks.depth(at: moment)
        _ = try await webhooks.drop(exceptTo: ["https://shop.example/other"], limit: 10)
        _ = try await audit.heads(after: moment, limit: 10)
        for (user, client, trace) in [("alice-id", nil, nil), (nil, "web", nil), (nil, nil, "trace"), (nil, nil, nil)] {
            var query = AuditQuery()
            (query.user, query.client, query.trace, query.after) = (user, client, trace, .example(1))
            _ = try await audit.find(query)
            (query.events, query.isLatestFirst) = (["signed_in", "signed_out"], true)
            _ = try await audit.find(query)
        }
        _ = try await audit.chains(withRecordsUntil: moment, limit: 10)
        _ = try await audit.head(of: Identifier("node"))
        _ = try await audit.records(of: Identifier("node"), after: 0, limit: 10)
        try await audit.remove(AuditRemoval(through: 1, mac: [1], time: moment, seal: [1]), from: Identifier("node"))
        for head in try await audit.heads(endedBefore: moment.addingTimeInterval(1), limit: 10) {
            try await audit.forget(head)
        }
        try await dataKeys.askEverything()
        _ = try await upstreamLinks.remove(Identifier("l"), of: User.alice, usable: [], at: moment)
        _ = try await upstreamLinks.delete(of: User.alice, addedIn: moment...moment)
        try await upstreams.delete(Identifier("up"))
        _ = try await upkeep.version()
        _ = try await upkeep.removeExpired(before: moment, limit: 10)
        try await sessions.voidSignIns(of: User.alice)
        try await sessions.endAll(of: User.alice, at: moment)
        try await clients.delete(Client.web)
        try await sessions.endAll(byDeleting: User.alice, at: moment)
    }
}
