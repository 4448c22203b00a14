import Crypto
import FoundationEssentials
import HTTPTypes
import JOSE
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Data keys: wrapped by the master key, rotated per class")
struct DataKeyTests {
    /// A second node of the issuer, with the given master keys.
    private func node(_ issuer: TestIssuer, _ masterKeys: String = TestIssuer.masterKey) async throws -> TestIssuer {
        try await TestIssuer(resources: "{}", clock: issuer.clock, database: issuer.database, masterKeys: masterKeys)
    }

    @Test("a new issuer starts with one random key per class", arguments: TestEngine.allCases)
    func beginning(_ engine: TestEngine) async throws {
        let database = try await TestDatabase(engine)
        let clock = TestClock()
        // All nodes start concurrently; one creates the keys, and all use them.
        let nodes = try await race(6) { _ in try await TestIssuer(clock: clock, database: database) }
        for keyClass in DataKeyClass.allCases {
            let ids = Set(nodes.map { $0.vault.keys(keyClass).map(\.id) })
            #expect(ids.count == 1)
            #expect(ids.first?.count == 1)
            #expect(nodes[0].vault.keys(keyClass).allSatisfy { $0.origin == .random && $0.number == 1 })
        }
        let code = try await Browser(nodes[0]).code()
        #expect(try await nodes[5].redeem(code).status == .ok)
    }

    @Test("a transit key is replaced after thirty days and opens values until their lifetime ends")
    func transit() async throws {
        let issuer = try await TestIssuer()
        let tokens = try await issuer.redeem(Browser(issuer).code(scope: "openid offline_access")).json()
        let sealer = Sealer(issuer.vault)
        let code = try sealer.seal(["a": 1], for: .authorizationCode)
        let first = try issuer.vault.current(.transit)
        issuer.clock.advance(by: DataKeyPlan.transitAge - 1)
        let refreshed = try await issuer.refresh(tokens["refresh_token"]?.string ?? "").json()
        try await issuer.provider.keyRotation.run()
        #expect(try issuer.vault.current(.transit).number == 1)
        issuer.clock.advance(by: 1)
        try await issuer.provider.keyRotation.run()
        // Stored, but not used until every node has loaded it.
        #expect(issuer.vault.keys(.transit).map(\.number) == [1, 2])
        #expect(try issuer.vault.current(.transit).number == 1)
        issuer.clock.advance(by: DataKeyPlan.lead)
        #expect(try issuer.vault.current(.transit).number == 2)

        let lifetimes = issuer.vault.lifetimes
        #expect(try sealer.open([String: Int].self, from: code, for: .authorizationCode) == ["a": 1])
        issuer.clock.advance(by: lifetimes.authorizationCode)
        #expect(throws: NotOurs.self) { try sealer.open([String: Int].self, from: code, for: .authorizationCode) }
        #expect(try await issuer.refresh(refreshed["refresh_token"]?.string ?? "").status == .ok)
        issuer.clock.advance(by: SealedPurpose.longestLifetime(lifetimes))
        try await issuer.provider.keyRotation.run()
        #expect(!issuer.vault.keys(.transit).contains { $0.id == first.id })
    }

    @Test("a forged code without the user's matching session is refused, even if sealed with the right key")
    func forged() async throws {
        let issuer = try await TestIssuer()
        let sealer = Sealer(issuer.vault)
        let browser = Browser(issuer)
        let real = try await browser.code()
        let code = try sealer.open(AuthorizationCode.self, from: real, for: .authorizationCode)
        let bob = try #require(try await issuer.stores.users.find(named: "bob"))

        func redeem(user: Identifier<User>?, session: Identifier<Session>?, acr: String?, at time: Date?) async throws
            -> Bool
        {
            let granted = Granted(
                client: code.granted.client, user: user, session: session, scope: code.granted.scope,
                authenticatedAt: time, amr: ["pwd", "otp"], acr: acr,
                satisfying: acr.flatMap(AuthenticationContext.init))
            let forged = AuthorizationCode(
                id: .random(), granted: granted, redirectURI: code.redirectURI, pkce: nil,
                expiresAt: issuer.clock.now.addingTimeInterval(60))
            return try await issuer.redeem(sealer.seal(forged, for: .authorizationCode)).status == .ok
        }
        let (alice, session) = (code.granted.user, code.granted.session)
        let (acr, time) = (code.granted.acr, code.granted.authenticatedAt)
        #expect(try await redeem(user: alice, session: session, acr: acr, at: time))
        #expect(try await !redeem(user: alice, session: nil, acr: acr, at: time))
        #expect(try await !redeem(user: alice, session: .random(), acr: acr, at: time))
        #expect(try await !redeem(user: bob.id, session: session, acr: acr, at: time))
        let high = AuthenticationContext.multiFactor.rawValue
        #expect(try await !redeem(user: alice, session: session, acr: high, at: time))
        #expect(try await !redeem(user: alice, session: session, acr: acr, at: time?.addingTimeInterval(60)))
        issuer.clock.advance(by: issuer.vault.lifetimes.session)
        #expect(try await !redeem(user: alice, session: session, acr: acr, at: time))
    }

    @Test("digests contain the ID of their key and are renewed when the secret is used")
    func digests() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        let digester = SecretDigester(issuer.vault)
        let former = digester.digest("secret", of: Session.self)
        #expect(former.bytes.count == 36)
        _ = try await DataKeyRotation(vault: issuer.vault, audit: issuer.audit).add(.digest)
        issuer.clock.advance(by: DataKeyPlan.lead)
        let current = digester.digest("secret", of: Session.self)
        #expect(former != current)
        #expect(digester.matches("secret", former) && digester.matches("secret", current))
        #expect(!digester.matches("other", former) && !digester.matches("other", current))
        #expect(digester.digests("secret", of: Session.self) == [current, former])

        let id = try issuer.vault.current(.digest).id
        func underCurrent() async throws -> Set<Bool> {
            let client = try #require(try await issuer.stores.clients.find(Identifier(rawValue: "web")))
            let alice = try #require(try await issuer.stores.users.find(named: "alice")).id
            let session = try #require(try await issuer.stores.sessions.sessions(of: alice, at: issuer.clock.now).first)
            return Set([client.secret?.digest.bytes ?? [], session.secret.bytes].map { $0.starts(with: id) })
        }
        #expect(try await underCurrent() == [false])
        // The browser sends its cookie, and the client its secret.
        _ = try await issuer.redeem(browser.code())
        #expect(try await underCurrent() == [true])
        #expect(try await issuer.redeem(browser.code()).status == .ok)
    }

    @Test("a data key with a modified or swapped row opens nothing")
    func damaged() async throws {
        for change in [
            "UPDATE data_keys SET used_from = 0 WHERE class = 'transit'",
            "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE class = 'rest') WHERE class = 'form'",
        ] as [SQLStatement] {
            let issuer = try await TestIssuer()
            _ = try await issuer.database.database.transaction { try $0.execute(change, []) }
            await #expect(throws: DamagedDataKey.self) { try await issuer.vault.load() }
            #expect(!issuer.vault.isLoaded)
            #expect(try await issuer.send(.get, "/health/ready").status == .serviceUnavailable)
        }
    }

    @Test(
        "the master key is rotated without interrupting tokens; the old one unwraps nothing",
        arguments: TestEngine.allCases)
    func rotation(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(database: try await TestDatabase(engine))
        let token = try await issuer.redeem(Browser(issuer).code(scope: "openid offline_access")).json()
        let key = MasterKeys.generate()
        let both = try MasterKeys(parsing: key + TestIssuer.masterKey)
        let before = DataKeyClass.allCases.flatMap(issuer.vault.keys).map(\.id)
        try await KeyReplacement(issuer.vault, stores: issuer.stores, audit: issuer.audit).wrap(under: both)
        let other = try await node(issuer, key)
        #expect(DataKeyClass.allCases.flatMap(other.vault.keys).map(\.id) == before)
        #expect(try await other.refresh(token["refresh_token"]?.string ?? "").status == .ok)
        await #expect(throws: UnknownMasterKey.self) { try await node(issuer) }
        // A node with the old master key can't add a data key that the other nodes can't read.
        let late = try MasterKeys(parsing: TestIssuer.masterKey)
        let stray = try late.wrap(.random(.transit, number: 2, usedFrom: issuer.clock.now), of: issuer.issuer)
        #expect(try await !issuer.stores.dataKeys.insert(stray))
        #expect(try await issuer.recorded().contains { $0.event == "master_key_rotated" })
    }

    @Test("replacing everything after a compromise invalidates sessions and tokens but keeps users and their factors")
    func compromise() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let offline = try await issuer.redeem(browser.code(scope: "openid offline_access reports.read")).json()
        let code = try await browser.code()
        let former = try #require(try await issuer.keys().keys.first?.keyID)
        let key = MasterKeys.generate()
        let replacement = KeyReplacement(issuer.vault, stores: issuer.stores, audit: issuer.audit)
        try await replacement.replaceEverything(under: MasterKeys(parsing: key + TestIssuer.masterKey))
        try await issuer.provider.keyRotation.replaceAll()

        let node = try await node(issuer, key)
        #expect(try await node.redeem(code).json()["error"] == "invalid_grant")
        #expect(try await node.refresh(offline["refresh_token"]?.string ?? "").json()["error"] == "invalid_grant")
        let bearer: HTTPFields = [.authorization: "Bearer \(offline["access_token"]?.string ?? "")"]
        #expect(try await node.send(.get, "/userinfo", headers: bearer).status == .unauthorized)
        let known = Browser(node)
        for cookie in browser.cookieHeader.split(separator: "; ") { known.add(cookie: String(cookie)) }
        #expect(try await known.get("/authorize", Browser.webRequest()).page().template == "sign-in")
        #expect(try await !node.keys().keys.contains { $0.keyID == former })
        // Stored values are all sealed under the new key, and bob's authenticator app still works.
        #expect(node.vault.keys(.rest).count == 1)
        let again = Browser(node)
        let asked = try await again.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
        #expect(try await again.submit(asked, [("code", try node.code())]).page().template == "consent")
        // The client keeps its secret. Using it renews its digest, and then the old key can be removed.
        #expect(try await replacement.hasFormerDigests())
        let web = try #require(try await node.stores.clients.find(Identifier(rawValue: "web")))
        let secret = try await node.administration.renewSecret(of: web)
        let last = try await self.node(issuer, key)
        let form = [("grant_type", "client_credentials"), ("scope", "orders.read")]
        #expect(try await last.token(form, secret: secret).status == .ok)
        var renewed = 0
        try await node.administration.renewAllSecrets { _, _ in renewed += 1 }
        #expect(renewed > 3)
        #expect(try await !replacement.hasFormerDigests())
        let report = try await AuditSealer(node.vault).verify(node.stores.audit, retention: 86_400)
        #expect(report.findings == [])
    }

    @Test("resealing covers the secrets of upstreams and the tokens kept of their users, which both still open")
    func upstreams() async throws {
        let house = try await UpstreamCase(["tokens": "keep"])
        let issuer = house.issuer
        try await issuer.link("alice", to: "up")
        _ = try await house.arrive(house.visitor())
        let former = try issuer.vault.current(.rest).id
        func sealed() async throws -> [[UInt8]] {
            let secrets = try await issuer.stores.upstreams.all().compactMap(\.sealedSecret)
            return try await secrets + issuer.stores.upstreamLinks.links(of: house.user().id).compactMap(\.sealedTokens)
        }
        #expect(try await sealed().map(Sealer.keyID) == [former, former])
        _ = try await KeyReplacement(issuer.vault, stores: issuer.stores, audit: issuer.audit)
            .reseal { seconds in issuer.clock.advance(by: seconds) }
        let current = try issuer.vault.current(.rest).id
        #expect(current != former && issuer.vault.keys(.rest).map(\.id) == [current])
        #expect(try await sealed().map(Sealer.keyID) == [current, current])
        let sealer = Sealer(issuer.vault)
        let values = try await sealed()
        let upstream = try #require(try await issuer.stores.upstreams.all().first)
        #expect(try sealer.secret(of: upstream) == "upstream-secret")
        let opened = try sealer.open(values[1], for: .upstreamTokens)
        let tokens = try JSONDecoder().decode(UpstreamTokens.self, from: Data(opened))
        #expect(tokens.accessToken == "access-1")
    }

    @Test("a replaced audit key can neither add records nor change existing ones")
    func formerAuditKey() async throws {
        let issuer = try await TestIssuer()
        try await issuer.audit.flush()
        let former = try issuer.vault.current(.audit)
        _ = try await DataKeyRotation(vault: issuer.vault, audit: issuer.audit).add(.audit)
        issuer.clock.advance(by: 3_600)
        let head = try #require(try await issuer.stores.audit.heads(after: .distantPast, limit: 1).first)
        // An attacker with the old key appends a record.
        let document = try JSONObject(
            parsing: Array(
                #"{"time":\#(Int(issuer.clock.now.timeIntervalSince1970 * 1_000)),"event":"signed_out","outcome":"success","actor":"system"}"#
                    .utf8))
        let record = try #require(AuditRecord(document: document))
        let text = String(decoding: document.serialized(), as: UTF8.self)
        func mac(_ label: String, _ bytes: [UInt8]) -> [UInt8] {
            let place = "\(label)\u{0}\(issuer.issuer.identifier)\u{0}\(head.node)\u{0}\(head.sequence + 1)\u{0}"
            let code = HMAC<SHA256>.authenticationCode(for: Array(place.utf8) + bytes, using: former.working)
            return former.id + code
        }
        let entry = AuditEntry(
            node: head.node, sequence: head.sequence + 1, record: record, document: text,
            mac: mac("record", head.mac + Array(text.utf8)))
        let time = Int((record.time.timeIntervalSince1970 * 1_000).rounded())
        let forged = AuditHead(
            node: head.node, sequence: entry.sequence, mac: entry.mac, time: record.time,
            seal: mac("head \(time)", entry.mac))
        try await issuer.stores.audit.append([entry], head: forged, deliveries: [:])
        let report = try await AuditSealer(issuer.vault).verify(issuer.stores.audit, retention: 86_400)
        #expect(report.findings == [.formerKey(AuditPlace(head.node, entry.sequence)), .headChanged(head.node)])
    }

    @Test("a replaced audit key can't truncate records sealed by a newer key")
    func formerAuditKeyCuts() async throws {
        let issuer = try await TestIssuer()
        let former = try issuer.vault.current(.audit)
        _ = try await DataKeyRotation(vault: issuer.vault, audit: issuer.audit).add(.audit)
        issuer.clock.advance(by: 3_600)
        for _ in 0..<4 { issuer.audit.record(.signedOut) }
        try await issuer.audit.flush()
        let head = try #require(try await issuer.stores.audit.heads(after: .distantPast, limit: 1).first)
        let rows = try await issuer.stores.audit.records(of: head.node, after: 0, limit: 1_000)
        let last = try #require(rows.dropLast(2).last)
        #expect(last.mac.starts(with: try issuer.vault.current(.audit).id))
        func seal(_ label: String) -> [UInt8] {
            let place = "\(label)\u{0}\(issuer.issuer.identifier)\u{0}\(head.node)\u{0}\(last.sequence)\u{0}"
            let code = HMAC<SHA256>.authenticationCode(for: Array(place.utf8) + last.mac, using: former.working)
            return former.id + code
        }
        func findings(_ statement: SQLStatement, _ values: [SQLValue]) async throws -> [AuditFinding] {
            _ = try await issuer.database.database.transaction { try $0.execute(statement, values) }
            return try await AuditSealer(issuer.vault).verify(issuer.stores.audit, retention: 60).findings
        }
        // At the start, as if retention had removed the records long ago.
        let removed = try await findings(
            "UPDATE audit_chains SET removed_through = ?, removed_mac = ?, removed_time = 0, removal_seal = ?",
            [.integer(last.sequence), .blob(last.mac), .blob(seal("removal 0"))])
        #expect(removed.contains(.removalForged(head.node)))
        // At the end, as if the chain had ended while the old key was in use.
        let cut = try await findings(
            """
            UPDATE audit_chains SET removed_through = 0, removed_mac = NULL, removed_time = NULL, removal_seal = NULL,
                last_sequence = ?, last_mac = ?, last_at = 0, seal = ?
            """, [.integer(last.sequence), .blob(last.mac), .blob(seal("head 0"))])
        #expect(cut.contains(.headChanged(head.node)))
    }

    @Test("no sealed value outlives the transit keys")
    func longestLifetime() {
        var lifetimes = Lifetimes()
        lifetimes.refreshToken = 60
        lifetimes.session = 60
        let links = MailLinkPurpose.all + [.recoveryCancel, .recoveryFinish, .signUp, .invitation, .notMe, .unlock]
        let purposes: [SealedPurpose] =
            [
                .interaction, .authorizationCode, .refreshToken, .accessToken, .passkeyCeremony, .signOut, .emailCode,
                .totpOffer, .firstPartyTicket, .forwardSignIn, .forwardTicket, .forwardPass,
            ] + links.map(\.sealed)
        let longest = SealedPurpose.longestLifetime(lifetimes)
        #expect(purposes.allSatisfy { ($0.lifetime?(lifetimes) ?? 0) <= longest })
    }

    @Test("an opaque access token for a user needs an authorization of that user")
    func forgedAccessToken() async throws {
        let issuer = try await TestIssuer()
        let tokens = try await issuer.redeem(
            Browser(issuer).code(scope: "openid reports.read", [("resource", "https://reports.example.com")])
        ).json()
        let sealer = Sealer(issuer.vault)
        let text = try #require(tokens["access_token"]?.string)
        let real = try sealer.open(AccessToken.self, from: text, for: .accessToken)
        let bob = try #require(try await issuer.stores.users.find(named: "bob")).id
        func isActive(_ authorization: Identifier<Authorization>?, _ user: Identifier<User>?, _ scope: Scope)
            async throws -> Bool
        {
            let token = AccessToken(
                id: AccessToken.makeID(below: authorization), authorization: authorization, client: real.client,
                user: user, scope: scope, audience: real.audience, issuedAt: real.issuedAt, expiresAt: real.expiresAt,
                authenticatedAt: real.authenticatedAt, amr: real.amr, acr: real.acr)
            let sealed = try sealer.seal(token, for: .accessToken)
            return try await issuer.token([("token", sealed)], client: "api", at: "/introspect").json()["active"]
                == true
        }
        #expect(try await isActive(real.authorization, real.user, real.scope))
        #expect(try await !isActive(nil, real.user, real.scope))
        #expect(try await !isActive(real.authorization, bob, real.scope))
        #expect(try await !isActive(real.authorization, real.user, ["openid", "reports.read", "reports.write"]))
    }

    @Test("every kind of digest keeps its stored label")
    func labels() {
        let labels = [
            Session.digestLabel, Device.digestLabel, Client.digestLabel, RecoveryCode.digestLabel,
            TOTPCredential.digestLabel, SignInProgress.digestLabel, AttemptCounter.digestLabel,
            AttemptSpread.digestLabel, MailShare.digestLabel, ClientAttempts.digestLabel, GuessLimiter.digestLabel,
        ]
        #expect(
            labels == [
                "Session", "Device", "Client", "RecoveryCode", "TOTPCredential", "SignInProgress", "AttemptCounter",
                "AttemptSpread", "MailShare", "ClientAttempts", "GuessLimiter",
            ])
    }
}
