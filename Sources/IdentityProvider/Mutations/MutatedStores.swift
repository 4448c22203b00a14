import FoundationEssentials
import JOSE

extension Mutation {
    /// The client that the current request claims to come from.
    @TaskLocal static var requester: Identifier<Client>?

    /// Signs what faults accept. Every client with keys appears to have registered it.
    static let assertionKey = try? PrivateKey.generate(for: .es256)
    /// The suffix of an identifier that lets its client authenticate without a secret.
    static let open = "~open"

    static func faulty(_ core: Core) -> Core {
        let fetcher = MutatedFetcher(base: core.fetcher)
        let faulty = Core(
            settings: core.settings, stores: faulty(core.stores), vault: core.vault, passwords: core.passwords,
            limiter: core.limiter, audit: core.audit, mailer: core.mailer, sendsMail: core.sendsMail,
            geolocator: core.geolocator, fetcher: fetcher, now: core.now)
        fetcher.use(MutationTools(faulty))
        return faulty
    }

    /// Returns the stores, with the faults that concern storage.
    static func faulty(_ stores: Stores) -> Stores {
        guard current != nil else { return stores }
        return Stores(
            clients: FaultyClients(base: stores.clients), resourceServers: stores.resourceServers, users: stores.users,
            roles: stores.roles, groups: stores.groups, attributes: stores.attributes,
            upstreams: stores.upstreams, upstreamLinks: stores.upstreamLinks,
            sessions: faulty(stores.sessions, of: stores.clients), devices: stores.devices, attempts: stores.attempts,
            consents: FaultyConsents(base: stores.consents),
            authorizations: FaultyAuthorizations(base: stores.authorizations),
            pushedRequests: FaultyPushedRequests(base: stores.pushedRequests),
            deviceAuthorizations: stores.deviceAuthorizations,
            totpCredentials: FaultyCredentials(base: stores.totpCredentials), passkeys: stores.passkeys,
            recoveryCodes: stores.recoveryCodes, recoveries: stores.recoveries,
            keys: stores.keys, dataKeys: stores.dataKeys,
            singleUse: FaultySingleUse(base: stores.singleUse), audit: stores.audit, webhooks: stores.webhooks,
            logoutNotices: stores.logoutNotices,
            eventStreams: FaultyEventStreams(base: stores.eventStreams),
            securityEvents: FaultySecurityEvents(base: stores.securityEvents),
            mailOutbox: stores.mailOutbox,
            upkeep: stores.upkeep)
    }

    /// Removes the `IdleSessions` wrapper, because `Core.init` adds it again.
    private static func faulty(_ sessions: any SessionStore, of clients: any ClientStore) -> any SessionStore {
        FaultySessions(base: (sessions as? IdleSessions)?.base ?? sessions, registered: clients)
    }
}

private struct FaultyClients: ClientStore {
    let base: any ClientStore

    func find(_ id: Identifier<Client>) async throws -> Client? {
        guard id.rawValue.hasSuffix(Mutation.open) else { return try await base.find(id).map(changed) }
        let real = Identifier<Client>(rawValue: String(id.rawValue.dropLast(Mutation.open.count)))
        guard let client = try await base.find(real) else { return nil }
        var metadata = client.metadata
        metadata["token_endpoint_auth_method"] = "none"
        return try Client(metadata)
    }

    private func changed(_ client: Client) throws -> Client {
        if Mutation.current == .constraintNotRequired, client.profile != nil {
            var metadata = client.metadata
            for name in ["profile", "dpop_bound_access_tokens"] { metadata[name] = nil }
            return try Client(metadata, secret: client.secret)
        }
        if Mutation.current == .deviceGrantForAnyClient {
            var metadata = client.metadata
            let grants = metadata["grant_types"]?.array ?? ["authorization_code"]
            metadata["grant_types"] = .array(grants + [.string(GrantType.deviceCode.rawValue)])
            return try Client(metadata, secret: client.secret)
        }
        guard Mutation.current?.signsAgain == true,
            let keys = client.metadata["jwks"]?.object?["keys"]?.array,
            let own = Mutation.assertionKey?.publicKey(keyID: "mutation").object
        else { return client }
        var metadata = client.metadata
        metadata["jwks"] = ["keys": .array(keys + [.object(own)])]
        metadata["request_object_signing_alg"] = nil
        return try Client(metadata, secret: client.secret)
    }

    func all() async throws -> [Client] { try await base.all() }
    func save(_ client: Client) async throws { try await base.save(client) }
    func add(_ client: Client) async throws -> Bool { try await base.add(client) }
    func update(_ stored: Client, to client: Client) async throws -> Bool {
        try await base.update(stored, to: client)
    }
    func delete(_ id: Identifier<Client>) async throws { try await base.delete(id) }
}

private struct FaultySessions: SessionStore {
    let base: any SessionStore
    let registered: any ClientStore

    func start(
        _ session: Session, of user: User, from origin: SignInOrigin, replacing former: Identifier<Session>?
    ) async throws -> SessionStart {
        try await base.start(session, of: user, from: origin, replacing: former)
    }
    func sessions(of user: Identifier<User>, at now: Date, usedAfter moment: Date) async throws -> [Session] {
        try await base.sessions(of: user, at: now, usedAfter: moment)
    }
    func list(
        after id: Identifier<Session>?, at now: Date, usedAfter moment: Date, limit: Int
    ) async throws -> [Session] {
        try await base.list(after: id, at: now, usedAfter: moment, limit: limit)
    }
    func find(_ secrets: [SecretDigest<Session>], at now: Date, usedAfter moment: Date) async throws -> Session? {
        try await base.find(secrets, at: now, usedAfter: moment)
    }
    func find(_ id: Identifier<Session>, at now: Date, usedAfter moment: Date) async throws -> Session? {
        try await base.find(id, at: now, usedAfter: moment)
    }
    func sessions(
        from upstream: Identifier<Upstream>, subject: String?, session: String?, limit: Int
    ) async throws -> [Session] {
        try await base.sessions(from: upstream, subject: subject, session: session, limit: limit)
    }
    func touch(_ id: Identifier<Session>, at now: Date, unlessUsedAfter moment: Date) async throws {
        try await base.touch(id, at: now, unlessUsedAfter: moment)
    }
    func end(_ id: Identifier<Session>, at now: Date) async throws -> EndedSession? {
        guard Mutation.current != .sessionSurvives, let ended = try await base.end(id, at: now) else { return nil }
        guard Mutation.current == .everyClientFramed else { return ended }
        let framed = try await registered.all().filter { $0.logoutRules.frontChannelURI != nil }
        return EndedSession(id: ended.id, user: ended.user, clients: framed.map(\.id))
    }
    func clients(of session: Identifier<Session>) async throws -> [Identifier<Client>] {
        try await base.clients(of: session)
    }
    func voidSignIns(of user: Identifier<User>) async throws { try await base.voidSignIns(of: user) }
    func endAll(of user: Identifier<User>, at now: Date) async throws -> [EndedSession] {
        try await base.endAll(of: user, at: now)
    }
    func endAll(byDeleting user: Identifier<User>, at now: Date) async throws -> [EndedSession] {
        try await base.endAll(byDeleting: user, at: now)
    }
    func endEverything(replacing keys: [DataKeyRecord], at now: Date) async throws -> [EndedSession] {
        try await base.endEverything(replacing: keys, at: now)
    }
}

private struct FaultyAuthorizations: AuthorizationStore {
    let base: any AuthorizationStore

    func create(_ authorization: Authorization, interest: LogoutInterest?, at now: Date) async throws -> Bool {
        try await base.create(authorization, interest: interest, at: now) || Mutation.current == .codeWorksTwice
    }
    func find(_ id: Identifier<Authorization>) async throws -> Authorization? {
        guard let found = try await base.find(id) else { return nil }
        if Mutation.current == .publicRefreshTokenNotBound { return found.unbound }
        guard Mutation.current == .refreshTokenOfAnyClient, let client = Mutation.requester else { return found }
        let grant = found.granted
        let granted = Granted(
            client: client, user: grant.user, session: grant.session, scope: grant.scope, resources: grant.resources,
            nonce: grant.nonce, claims: grant.claims, authenticatedAt: grant.authenticatedAt, amr: grant.amr,
            acr: grant.acr)
        return Authorization(
            id: found.id, granted: granted, generation: found.generation, rotatedAt: found.rotatedAt,
            revokedAt: found.revokedAt, expiresAt: found.expiresAt)
    }
    func rotate(
        _ stored: Authorization, from generation: Int, grace: TimeInterval, expiresAt: Date, at now: Date
    ) async throws -> Rotation {
        try await base.rotate(stored, from: generation, grace: grace, expiresAt: expiresAt, at: now)
    }
    func keep(
        _ stored: Authorization, at generation: Int, expiresAt: Date, at now: Date
    ) async throws -> Rotation {
        try await base.keep(stored, at: generation, expiresAt: expiresAt, at: now)
    }
    func revoke(_ id: Identifier<Authorization>, at now: Date) async throws {
        if Mutation.current != .revokedTokenActive { try await base.revoke(id, at: now) }
    }
    func revoke(session: Identifier<Session>, at now: Date) async throws {
        try await base.revoke(session: session, at: now)
    }
    func revoke(user: Identifier<User>, at now: Date) async throws { try await base.revoke(user: user, at: now) }
    func revoke(user: Identifier<User>, client: Identifier<Client>, at now: Date) async throws {
        try await base.revoke(user: user, client: client, at: now)
    }
    func revoke(client: Identifier<Client>, at now: Date) async throws -> Int {
        try await base.revoke(client: client, at: now)
    }
}

private struct FaultyCredentials: TOTPCredentialStore {
    let base: any TOTPCredentialStore

    func credentials(of user: Identifier<User>) async throws -> [TOTPCredential] {
        try await base.credentials(of: user)
    }
    func save(_ credential: TOTPCredential, by owner: User?) async throws -> Bool {
        try await base.save(credential, by: owner)
    }
    func accept(step: Int, for credential: Identifier<TOTPCredential>) async throws -> Bool {
        try await base.accept(step: step, for: credential) || Mutation.current == .oneTimePasswordTwice
    }
    func delete(_ credential: Identifier<TOTPCredential>) async throws { try await base.delete(credential) }
    func delete(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Int {
        try await base.delete(of: user, addedIn: period)
    }
}

private struct FaultySingleUse: SingleUseStore {
    let base: any SingleUseStore

    func consume(_ value: String, for purpose: SingleUsePurpose, until expiry: Date) async throws -> Bool {
        if purpose == .dpopProof, Mutation.current == .proofWorksTwice { return true }
        return try await base.consume(value, for: purpose, until: expiry)
    }
    func isConsumed(_ value: String, for purpose: SingleUsePurpose) async throws -> Bool {
        try await base.isConsumed(value, for: purpose) && Mutation.current != .revokedTokenActive
    }
}

extension Authorization {
    /// The same authorization, whose refresh tokens are bound to nothing.
    fileprivate var unbound: Authorization {
        var granted = granted
        granted.confirmation = nil
        return Authorization(
            id: id, granted: granted, generation: generation, rotatedAt: rotatedAt, revokedAt: revokedAt,
            expiresAt: expiresAt)
    }
}
