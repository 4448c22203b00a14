import Authenticators
import Foundation
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider
@testable import SQLStorage

/// The export of version 9056f36, with the credentials that its users and clients had.
private struct FormerExport {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Former/9056f36")

    let lines: [[UInt8]]
    let masterKey: String
    let known: JSONObject

    init() throws {
        func read(_ name: String) throws -> Data { try Data(contentsOf: Self.folder.appending(path: name)) }
        lines = try read("export.jsonl").split(separator: UInt8(ascii: "\n")).map { Array($0) }
        masterKey = String(decoding: try read("master.key"), as: UTF8.self)
        known = try JSONObject(parsing: Array(read("known.json")))
    }

    func text(_ name: String) -> String { known[name]?.string ?? "" }

    var heads: [AuditWitness] { (known["audit_heads"]?.array ?? []).compactMap { AuditWitness($0) } }

    /// An issuer on a database with the export, at the time of the export.
    func issuer(_ engine: TestEngine, masterKeys: String? = nil) async throws -> TestIssuer {
        let database = try await TestDatabase(engine)
        let keys = try MasterKeys(parsing: masterKey)
        var rest = lines[...]
        let next: () -> [UInt8]? = { rest.popFirst() }
        let source = UncheckedBox(next)
        _ = try await database.backend.import(masterKeys: keys.names) { source.value() }
        // A moment later, because a session of the same moment would count as fresh.
        let clock = TestClock(Date(timeIntervalSince1970: TimeInterval(known["now"]?.integer ?? 0) + 1))
        return try await TestIssuer(
            resources: "{}", clock: clock, database: database, mailbox: TestMailbox(), masterKeys: masterKey)
    }
}

/// Passes a closure to the one thread that calls it.
private struct UncheckedBox<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

@Suite("An export of version 9056f36 can be imported and keeps working")
struct FormerExportTests {
    private func browser(_ issuer: TestIssuer, _ cookies: String) -> Browser {
        let browser = Browser(issuer)
        for cookie in cookies.split(separator: "; ") { browser.add(cookie: String(cookie)) }
        return browser
    }

    private func isSignedIn(_ browser: Browser) async throws -> Bool {
        let response = try await browser.get("/authorize", Browser.webRequest([("prompt", "none")]))
        return try response.answer()["error"] != "login_required"
    }

    /// Checks sessions, refresh tokens and every factor.
    private func expectAllWorks(_ former: FormerExport, _ issuer: TestIssuer, tokens: [String]) async throws {
        #expect(try await isSignedIn(browser(issuer, former.text("alice_cookies"))))
        #expect(try await isSignedIn(browser(issuer, former.text("dora_cookies"))))
        for token in tokens { #expect(try await issuer.refresh(token).status == .ok) }
        let revoked = former.text("revoked_refresh_token")
        #expect(try await issuer.refresh(revoked).json()["error"] == "invalid_grant")

        // The remembered browser replaces the second factor.
        let home = browser(issuer, former.text("alice_cookies"))
        let again = try await home.get("/authorize", Browser.webRequest([("prompt", "login")])).page()
        let next = try await home.submit(again, [("username", "alice"), ("password", "correct horse")])
        #expect(try next.answer()["code"] != nil)

        // The authenticator app, in another browser.
        let secret = try #require(Base32.decode(former.text("totp_secret")))
        let app = try TOTP(secret: secret)
        issuer.clock.advance(by: 60)
        let stranger = Browser(issuer, at: "203.0.113.5")
        let asked = try await signInPage(stranger)
        #expect(asked.template == "second-factor")
        let signedIn = try await stranger.submit(asked, [("code", try app.code(at: issuer.clock.now))])
        #expect(try signedIn.answer()["code"] != nil)
    }

    /// Returns the page that alice sees after her password.
    private func signInPage(_ browser: Browser) async throws -> Page {
        let page = try await browser.get("/authorize", Browser.webRequest()).page()
        return try await browser.submit(page, [("username", "alice"), ("password", "correct horse")]).page()
    }

    private func refreshTokens(_ former: FormerExport) -> [String] {
        [former.text("offline_refresh_token"), former.text("session_refresh_token")]
    }

    @Test(
        "users stay signed in, tokens refresh, factors work, and the audit log verifies",
        arguments: TestEngine.allCases)
    func works(_ engine: TestEngine) async throws {
        let former = try FormerExport()
        let issuer = try await former.issuer(engine)
        #expect(issuer.vault.isAdopted)
        let report = try await AuditSealer(issuer.vault).verify(
            issuer.stores.audit, expecting: former.heads, retention: issuer.audit.settings.retention)
        #expect(report.findings == [])
        #expect(report.records >= former.known["audit_records"]?.integer ?? .max)
        let bearer: HTTPFields = [.authorization: "Bearer \(former.text("access_token"))"]
        _ = try await issuer.send(.get, "/userinfo", headers: bearer)
        try await expectAllWorks(former, issuer, tokens: refreshTokens(former))

        // A recovery code, once; a passkey; a client with a sealed secret.
        let lost = Browser(issuer, at: "203.0.113.6")
        let asked = try await signInPage(lost)
        #expect(asked.template == "second-factor")
        let page = try await lost.get(
            "/second-factor", [("interaction", asked.text("interaction")), ("factor", "recovery_code")]
        ).page()
        let entered = try await lost.submit(page, [("code", former.text("recovery_code"))])
        #expect(try entered.answer()["code"] != nil)
        try await expectPasskeyWorks(former, issuer)
    }

    @Test("roles, groups, resource servers, grants, and queued mail decode", arguments: TestEngine.allCases)
    func documents(_ engine: TestEngine) async throws {
        let issuer = try await FormerExport().issuer(engine)
        let stores = issuer.stores
        #expect(try await stores.roles.all() == [Role(name: "editor", permissions: ["articles.write"])])
        #expect(try await stores.groups.all() == [Group(name: "press", roles: ["editor"])])
        let servers = [
            ResourceServer(
                identifier: "https://api.example.com", scopes: ["orders.read", "orders.write"],
                introspectionClients: ["api"]),
            ResourceServer(
                identifier: "https://reports.example.com", scopes: ["reports.read"], format: .opaque,
                accessTokenLifetime: 120, introspectionClients: ["api"]),
        ]
        #expect(try await stores.resourceServers.all() == servers)
        let alice = Identifier<User>(rawValue: "CoUVL6z5R5wAYJWaz6P2tg")
        let authorization = try #require(
            try await stores.authorizations.find(Identifier(rawValue: "66qYbgRvZJXNx4ouZIiiuQ")))
        let granted = Granted(
            client: Identifier(rawValue: "web"), user: alice,
            session: Identifier(rawValue: "kVDBo6Sl3e2t9QawZtD_cQ"),
            scope: ["openid", "profile", "offline_access", "orders.read", "reports.read"], nonce: "the-nonce",
            authenticatedAt: Date(timeIntervalSinceReferenceDate: 821_692_860), amr: ["pwd", "otp", "mfa"],
            acr: "urn:martlet:acr:2", satisfying: .multiFactor)
        #expect(authorization.granted == granted)
        let mails = try await stores.mailOutbox.due(at: issuer.clock.now, limit: 100)
        let occasions = try mails.map { try issuer.provider.mail.open($0).occasion }
        #expect(occasions.count == 4)
        let told: Set<Mail.Occasion> = [
            .factorAdded(alice, factor: "totp"), .factorAdded(alice, factor: "recovery_code"),
            .factorAdded(Identifier(rawValue: "rXT5z1IoZjnnkHQg9uZNxA"), factor: "passkey"),
            .unknownDevice(alice, device: "?", address: "192.0.2.7"),
        ]
        #expect(Set(occasions) == told)
    }

    private func expectPasskeyWorks(_ former: FormerExport, _ issuer: TestIssuer) async throws {
        var authenticator = try SoftwareAuthenticator(seed: 7)
        authenticator.userHandle = try Base64URL.decode(former.text("user_handle"))
        let browser = Browser(issuer, at: "203.0.113.7")
        let page = try await browser.get("/authorize", Browser.webRequest()).page()
        guard case .object(let part)? = page.data["passkey"], case .text(let options)? = part["options"],
            case .text(let ceremony)? = part["ceremony"]
        else { throw Unexpected("no passkey is offered") }
        let credential = try authenticator.get(JSONObject(parsing: Array(options.utf8)))
        let response = try await browser.follow(
            browser.request(
                .post, "/sign-in/passkey",
                form: [
                    ("factor", ""), ("form_token", page.text("form_token")),
                    ("interaction", page.text("interaction")), ("ceremony", ceremony), ("credential", credential),
                ]))
        #expect(try response.answer()["code"] != nil)
    }

    @Test(
        "after rotating the master key and resealing, the former key opens nothing, without interruption",
        arguments: TestEngine.allCases)
    func rotated(_ engine: TestEngine) async throws {
        let former = try FormerExport()
        let issuer = try await former.issuer(engine)
        let key = MasterKeys.generate()
        let both = try MasterKeys(parsing: key + former.masterKey)
        let replacement = KeyReplacement(issuer.vault, stores: issuer.stores, audit: issuer.audit)
        try await replacement.wrap(under: both)
        // A node with only the new key, as after the rotation everywhere.
        let later = issuer.clock
        later.advance(by: 6)
        let node = try await TestIssuer(
            resources: "{}", clock: later, database: issuer.database, mailbox: TestMailbox(), masterKeys: key)
        #expect(!node.vault.isAdopted)
        try await expectAllWorks(former, node, tokens: refreshTokens(former))

        let resealed = try await KeyReplacement(node.vault, stores: node.stores, audit: node.audit)
            .resealNow(node.clock)
        // Two signing keys, alice's and bob's authenticator apps, the secret of one client, and the waiting emails.
        #expect(resealed >= 5)
        #expect(node.vault.keys(.rest).count == 1)
        #expect(node.vault.keys(.rest).allSatisfy { $0.origin == .random })
        let fresh = try await TestIssuer(
            resources: "{}", clock: later, database: issuer.database, mailbox: TestMailbox(), masterKeys: key)
        #expect(try await isSignedIn(browser(fresh, former.text("dora_cookies"))))
        let report = try await AuditSealer(fresh.vault).verify(
            fresh.stores.audit, expecting: former.heads, retention: fresh.audit.settings.retention)
        #expect(report.findings == [])

        // The former master key unwraps none of the data keys.
        await #expect(throws: UnknownMasterKey.self) {
            _ = try await TestIssuer(resources: "{}", database: issuer.database, masterKeys: former.masterKey)
        }
    }

    @Test("a new master key reaches the nodes one by one, and the rotation adopts every key in the file")
    func distributed() async throws {
        let former = try FormerExport()
        let old = try await former.issuer(.sqlite)
        let key = MasterKeys.generate()
        let both = key + former.masterKey
        func node(_ masterKeys: String) async throws -> TestIssuer {
            try await TestIssuer(
                resources: "{}", clock: old.clock, database: old.database, mailbox: TestMailbox(),
                masterKeys: masterKeys)
        }
        let new = try await node(both)
        #expect(new.vault.isAdopted)
        // Maintenance, which checks every minute whether keys are due, writes nothing.
        let version = try await new.stores.upkeep.version()
        try await new.provider.keyRotation.run()
        #expect(try await new.stores.upkeep.version() == version)
        // Each node opens what the other one seals.
        for (maker, opener) in [(old, new), (new, old)] {
            let code = try await browser(maker, former.text("dora_cookies")).code()
            #expect(try await opener.redeem(code).status == .ok)
        }
        await #expect(throws: NoDataKeys.self) {
            try await KeyReplacement(new.vault, stores: new.stores, audit: new.audit).reseal { _ in }
        }
        try await KeyReplacement(new.vault, stores: new.stores, audit: new.audit).wrap(under: MasterKeys(parsing: both))
        old.clock.advance(by: 6)
        let rotated = try await node(key)
        #expect(!rotated.vault.isAdopted)
        try await expectAllWorks(former, rotated, tokens: refreshTokens(former))
    }
}

extension KeyReplacement {
    /// Reseals with a manual clock.
    fileprivate func resealNow(_ clock: TestClock) async throws -> Int {
        try await reseal { seconds in clock.advance(by: seconds) }
    }
}
