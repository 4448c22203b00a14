import FoundationEssentials
import HTTPTypes
import JOSE
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

extension TestIssuer {
    /// All audit records that match the query, oldest first.
    func recorded(_ query: AuditQuery = AuditQuery()) async throws -> [AuditRecord] {
        try await audit.flush()
        var query = query
        query.limit = 1_000
        return try await stores.audit.find(query).map(\.record)
    }
}

@Suite("Operations record audit events")
struct AuditTests {
    private func names(_ issuer: TestIssuer, user: String? = nil, client: String? = nil) async throws -> [String] {
        var query = AuditQuery()
        (query.user, query.client) = (user, client)
        return try await issuer.recorded(query).map(\.event)
    }

    @Test("a sign-in and its tokens are recorded with user, client and session", arguments: TestEngine.allCases)
    func signIn(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(database: TestDatabase(engine))
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        let tokens = try await issuer.redeem(Browser(issuer).code(scope: "openid offline_access")).json()
        _ = try await issuer.refresh(tokens["refresh_token"]?.string ?? "")
        let expected = ["signed_in", "consent_given", "authorization_granted", "tokens_issued", "tokens_issued"]
        #expect(try await names(issuer, user: alice.id.rawValue) == expected)
        let records = try await issuer.recorded().filter { $0.user == alice.id.rawValue }
        #expect(records.allSatisfy { $0.client == "web" && $0.session == records[0].session && $0.session != nil })
        #expect(records.map(\.actor).prefix(2) == ["user \(alice.id)", "user \(alice.id)"])
        #expect(records.last?.actor == "client web")
        #expect(records.last?.details["grant"]?.string == "refresh_token")
        #expect(records.allSatisfy { $0.address == "127.0.0.1" })
    }

    @Test("a sign-in is recorded with the factors shown, a step-up with the added factor")
    func factors() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        let other = Browser(issuer)
        let asked = try await other.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
        _ = try await other.submit(asked, [("code", try issuer.code())])
        try await issuer.enroll("alice")
        issuer.clock.advance(by: 60)
        let page = try await browser.get("/authorize", Browser.webRequest([("acr_values", "urn:martlet:acr:2")])).page()
        #expect(try await browser.submit(page, [("code", try issuer.code())]).answer()["code"] != nil)
        let records = try await issuer.recorded()
        let signedIn = records.filter { $0.event == "signed_in" }
        #expect(signedIn.map { $0.details["factors"] } == [["password"], ["password", "totp"]])
        #expect(signedIn.map { $0.details["amr"] } == [["pwd"], ["pwd", "otp", "mfa"]])
        let further = records.filter { $0.event == "stepped_up" }
        #expect(further.map(\.factor) == ["totp"])
        #expect(further.map { $0.details["acr"] } == ["urn:martlet:acr:2"])
        #expect(further.first?.session == signedIn.first?.session)
    }

    @Test("a failed sign-in is recorded with the reason but never the typed username")
    func refusedSignIn() async throws {
        let issuer = try await TestIssuer()
        for (name, password) in [("alice", "wrong"), ("nobody-or-a-password", "wrong"), ("carol", "disabled one")] {
            let browser = Browser(issuer)
            let page = try await browser.get("/authorize", Browser.webRequest()).page()
            _ = try await browser.submit(page, [("username", name), ("password", password)])
        }
        let refused = try await issuer.recorded().filter { $0.event == "sign_in_refused" }
        #expect(refused.map { $0.details["reason"]?.string } == ["wrong_credential", "unknown_user", "disabled"])
        #expect(refused.map { $0.user != nil } == [true, false, true])
        #expect(refused.allSatisfy { $0.outcome == .refused && $0.actor == "visitor" && $0.factor == "password" })
        let text = try await issuer.stores.audit.find(AuditQuery()).map(\.document).joined()
        #expect(!text.contains("nobody-or-a-password"))
    }

    @Test(
        "membership changes are recorded, whichever operation made them", arguments: TestEngine.allCases)
    func membership(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(database: TestDatabase(engine))
        let administration = issuer.administration
        let alice = try #require(try await issuer.stores.users.find(named: "alice")).id
        func apply(_ document: String, prunes: Bool = false) async throws {
            _ = try await administration.apply(ResourceSet(JSONObject(parsing: Array(document.utf8))), prunes: prunes)
        }
        try await administration.save(Role(name: "editor", permissions: []))
        try await administration.save(Role(name: "editor", permissions: []))
        try await administration.save(Group(name: "press", roles: ["editor"]))
        try await RequestContext.acting(as: .commandLine("root")) {
            try await administration.assign(Membership(roles: ["editor"], groups: ["press"]), to: alice)
        }
        try await administration.assign(Membership(roles: ["editor"]), to: alice)
        try await administration.withdraw(Membership(groups: ["press", "another"]), from: alice)
        try await apply(#"{"users": [{"username": "alice", "roles": [], "groups": ["press"]}]}"#)
        try await administration.deleteGroup("press")
        try await apply(#"{"roles": [{"name": "editor", "permissions": ["all"]}]}"#)
        try await administration.deleteRole("editor")

        let given = try await issuer.recorded().filter { $0.event.hasPrefix("membership_") }
        let expected = [
            ("given", ["editor"], ["press"]), ("withdrawn", [], ["press"]), ("given", [], ["press"]),
            ("withdrawn", ["editor"], []), ("withdrawn", [], ["press"]),
        ]
        #expect(given.map(\.event) == expected.map { "membership_\($0.0)" })
        #expect(given.map { $0.details["roles"] } == expected.map { .array($0.1.map(JSON.string)) })
        #expect(given.map { $0.details["groups"] } == expected.map { .array($0.2.map(JSON.string)) })
        #expect(given.allSatisfy { $0.user == alice.rawValue })
        #expect(given.map(\.actor) == ["command line root"] + Array(repeating: "system", count: 4))

        let changed = try await issuer.recorded().filter {
            $0.event == "resource_changed" && ["role", "group"].contains($0.details["kind"]?.string)
        }
        #expect(
            changed.map { "\($0.details["action"]?.string ?? "") \($0.details["kind"]?.string ?? "")" } == [
                "create role", "create group", "delete group", "update role", "delete role",
            ])
    }

    @Test("a replayed code or refresh token raises an alarm")
    func replays() async throws {
        let issuer = try await TestIssuer()
        let code = try await Browser(issuer).code(scope: "openid offline_access")
        let token = try await issuer.redeem(code).json()["refresh_token"]?.string ?? ""
        _ = try await issuer.refresh(token)
        issuer.clock.advance(by: 60)
        _ = try await issuer.refresh(token)
        let other = try await Browser(issuer).code()
        _ = try await issuer.redeem(other)
        _ = try await issuer.redeem(other)
        let alarms = try await issuer.recorded().filter { $0.outcome == .alarm }
        #expect(alarms.map(\.event) == ["refresh_token_reused", "code_replayed"])
        #expect(alarms.allSatisfy { $0.actor == "visitor" && $0.client == "web" && $0.user != nil })
    }

    @Test("a client that fails to authenticate is named only if it exists")
    func clientAuthentication() async throws {
        let issuer = try await TestIssuer()
        _ = try await issuer.token([("grant_type", "client_credentials")], secret: "wrong")
        _ = try await issuer.token([("grant_type", "client_credentials")], client: "a-secret-in-the-wrong-place")
        _ = try await issuer.token([("grant_type", "client_credentials")], client: "off")
        let failed = try await issuer.recorded().filter { $0.event == "client_authentication_failed" }
        #expect(failed.map { $0.details["reason"]?.string } == ["wrong_secret", "unknown_client", "disabled"])
        #expect(failed.map(\.client) == ["web", nil, "off"])
    }

    @Test("missing or malformed client credentials are refused and recorded")
    func noClient() async throws {
        let issuer = try await TestIssuer()
        for header in [nil, "Basic !", "Basic d2Vi"] as [String?] {
            let answer = try await issuer.call(
                .post, "/token", "grant_type=client_credentials", headers: header.map { [.authorization: $0] } ?? [:],
                type: "application/x-www-form-urlencoded")
            #expect(answer.status == .unauthorized)
        }
        let refused = try await issuer.recorded().filter { $0.event == "request_refused" }
        #expect(refused.map { $0.details["error"]?.string } == Array(repeating: "invalid_client", count: 3))
    }

    @Test("tokens issued by the JSON API are recorded like those of the token endpoint")
    func firstParty() async throws {
        let front = try await FrontEnd()
        let tokens = try await front.login()
        _ = try await front.refresh(tokens["refresh_token"]?.string ?? "")
        #expect(
            try await front.post("login", #""username":"alice","password":"x","client_id":"web""#).status.code >= 400)
        let records = try await front.issuer.recorded()
        let issued = records.filter { $0.event == "tokens_issued" }
        #expect(issued.map { $0.details["grant"]?.string } == ["first_party_sign_in", "refresh_token"])
        #expect(issued.allSatisfy { $0.user != nil && $0.session != nil && $0.client == "first-party" })
        #expect(records.last?.details["error"]?.string == "invalid_client")
    }

    @Test("changes by operators are recorded with the operator's name")
    func administration() async throws {
        let issuer = try await TestIssuer()
        try await issuer.audit.flush()
        let bob = try #require(try await issuer.stores.users.find(named: "bob"))
        try await RequestContext.acting(as: .commandLine("root")) {
            try await issuer.administration.setDisabled(true, bob)
            try await issuer.administration.endSessions(of: bob)
            try await issuer.administration.remove(bob)
        }
        let records = try await issuer.recorded().filter { $0.user == bob.id.rawValue }
        #expect(records.map(\.event) == ["account_disabled", "sessions_ended", "account_deleted"])
        #expect(records.allSatisfy { $0.actor == "command line root" })
        #expect(try await issuer.recorded().contains { $0.event == "key_made" && $0.actor == "system" })
    }

    @Test("the audit log of a whole flow contains no secrets", arguments: TestEngine.allCases)
    func noSecrets(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(database: TestDatabase(engine))
        let browser = Browser(issuer)
        let code = try await browser.code(scope: "openid profile email offline_access")
        let tokens = try await issuer.redeem(code).json()
        let refreshed = try await issuer.refresh(tokens["refresh_token"]?.string ?? "").json()
        _ = try await issuer.redeem(code)
        _ = try await issuer.token([("token", tokens["access_token"]?.string ?? "")], at: "/revoke")
        _ = try await browser.get("/logout", [("id_token_hint", tokens["id_token"]?.string ?? "")])
        var secrets = [code, "correct horse", "battery staple", "web-secret", "argon2", "JBSWY3DP"]
        for answer in [tokens, refreshed] {
            for name in ["access_token", "refresh_token", "id_token"] {
                secrets.append(try #require(answer[name]?.string))
            }
        }
        secrets += browser.cookieHeader.split(separator: "; ").compactMap {
            $0.split(separator: "=").last.map(String.init)
        }
        let lines = try await {
            try await issuer.audit.flush()
            return try await issuer.stores.audit.find(AuditQuery()).map { String(decoding: $0.line, as: UTF8.self) }
        }()
        #expect(lines.count > 8)
        for secret in secrets where secret.count > 5 {
            #expect(!lines.contains { $0.contains(secret) }, "\(secret.prefix(8))… is in the log")
        }
    }

    @Test("recording doesn't commit by itself; a flush commits many records at once")
    func budget() async throws {
        var settings = AuditSettings()
        settings.machineTokens = .each
        let issuer = try await TestIssuer(auditing: settings)
        try await issuer.audit.flush()
        let before = issuer.database.database.committedUnits
        for _ in 0..<100 { _ = try await issuer.token([("grant_type", "client_credentials")]) }
        #expect(issuer.database.database.committedUnits == before)
        #expect(issuer.audit.backlog.waiting == 100)
        try await issuer.audit.flush()
        #expect(issuer.database.database.committedUnits == before + 1)
        #expect(try await names(issuer, client: "web").filter { $0 == "tokens_issued" }.count == 100)
    }

    @Test("a flood of refusals leaves room for completed operations, and lost events are counted")
    func flood() async throws {
        let issuer = try await TestIssuer()
        try await issuer.audit.flush()
        for _ in 0..<(AuditLog.capacity / 2 + 5) { issuer.audit.record(.signInRefused(.unknownUser, .password)) }
        issuer.audit.record(.accountDeleted, by: .system)
        #expect(issuer.audit.backlog == (AuditLog.capacity / 2 + 1, 5))
        try await issuer.audit.flush()
        var query = AuditQuery()
        query.events = ["events_lost"]
        #expect(try await issuer.recorded(query).map { $0.details["count"]?.integer } == [5])
        query.events = ["account_deleted"]
        #expect(try await issuer.recorded(query).count == 1)
    }

    @Test("excluded events are not recorded; all others are")
    func excluded() async throws {
        let issuer = try await TestIssuer()
        var settings = AuditSettings()
        settings.excluded = ["tokens_issued"]
        let log = AuditLog(store: issuer.stores.audit, vault: issuer.vault, settings: settings)
        log.record(.tokensIssued(grant: .clientCredentials, scope: []))
        log.record(.codeReplayed)
        #expect(log.backlog.waiting == 1)
    }

    @Test("an explanation lists each rule behind a refusal once")
    func explanation() async throws {
        let issuer = try await TestIssuer()
        try await issuer.audit.flush()
        let code = try await Browser(issuer).code(scope: "openid offline_access")
        let token = try await issuer.redeem(code).json()["refresh_token"]?.string ?? ""
        _ = try await issuer.refresh(token)
        issuer.clock.advance(by: 60)
        _ = try await issuer.refresh(token)
        let refused = Array(try await issuer.recorded().suffix(2))
        #expect(refused.map(\.event) == ["refresh_token_reused", "request_refused"])
        #expect(refused.allSatisfy { $0.client == "web" })
        let sentences = AuditExplanation.sentences(of: refused)
        #expect(sentences.count == 4)
        #expect(sentences[0] == "The client web authenticated by client_secret_basic.")
        #expect(sentences[1].contains("refresh token reused for user"))
        #expect(sentences[2].contains("It was used before, so its authorization is revoked"))
        #expect(sentences[3].hasSuffix("error invalid_grant, reason the refresh token is not valid."))
    }

    @Test("the decision behind a granted authorization is recorded")
    func grantedExplanation() async throws {
        let issuer = try await TestIssuer()
        _ = try await Browser(issuer).code()
        let record = try #require(try await issuer.recorded().last { $0.event == "authorization_granted" })
        #expect(record.notes.contains { $0.hasPrefix("The browser has a session") })
        #expect(record.notes.contains("The next step is respond."))
    }

    @Test("event names are unique and fit the database column")
    func vocabulary() {
        let names = AuditEvent.Name.allCases.map(\.rawValue)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.allSatisfy { $0.isLowercase || $0 == "_" } && $0.count < 64 })
    }
}
