import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 8417, OpenID SSF §4, CAEP and RISC: security event tokens")
struct SecurityEventTests {
    /// Records the event and returns the claims of what the receiver polls.
    private func claims(
        of event: AuditEvent, session: Identifier<Session>? = nil, by actor: AuditActor? = nil
    ) async throws -> [JSONObject] {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        issuer.audit.record(event, user: try await issuer.user("alice").id, session: session, by: actor)
        try await issuer.audit.flush()
        return try await issuer.polled(id)
    }

    @Test("SSF-011 RFC8417-004 RFC8417-007 CAEP-014: tokens are signed with RS256 by default, and typed")
    func signature() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        try await issuer.changePassword()
        let (jti, text) = try #require(try await issuer.poll(id).first)
        let rules = JWTRules(
            algorithms: [.rs256], issuer: "https://id.example.com", audiences: ["siem"], types: ["secevent+jwt"],
            expiry: .ignored, required: ["iat", "jti", "events", "sub_id", "txn"])
        let claims = try JWT(
            validating: text, with: issuer.core.keys.verificationKeys, rules: rules, at: issuer.clock.now
        ).claims
        #expect(claims["jti"] == .string(jti))
        // Not accepted where access tokens are.
        #expect(try await issuer.signals(.get, "/ssf/streams", token: text).status == .unauthorized)
    }

    @Test("SSF-008 SSF-009 SSF-010 SSF-015 RFC8417-001 RFC8417-002: one event, with sub_id and without sub and exp")
    func token() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        try await issuer.changePassword()
        let claims = try #require(try await issuer.polled(id).first)
        #expect(claims["iat"] == .integer(Int(issuer.clock.now.timeIntervalSince1970)))
        #expect(claims["events"]?.object?.members.count == 1)
        let alice = try await issuer.user("alice").id
        #expect(
            claims["sub_id"] == ["format": "iss_sub", "iss": "https://id.example.com", "sub": .string(alice.rawValue)])
        for name in ["sub", "exp"] { #expect(claims[name] == nil) }
    }

    @Test("RFC8417-003 RFC8417-005 RFC8417-006: a token has no other claims, so it can't pass as an ID Token")
    func claims() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        try await issuer.changePassword()
        let claims = try #require(try await issuer.polled(id).first)
        #expect(Set(claims.names) == ["iss", "aud", "jti", "iat", "txn", "sub_id", "events"])
    }

    @Test("SSF-012 SSF-013: each receiver gets its own token, with its audience, algorithm and identifier")
    func receivers() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let (first, second) = (try await issuer.stream(), try await issuer.stream("app"))
        let alice = try await issuer.user("alice").id
        try await issuer.stores.eventStreams.set(alice, isIncluded: true, in: Identifier(rawValue: second))
        try await issuer.changePassword()
        let one = try #require(try await issuer.poll(first).first)
        let two = try #require(try await issuer.poll(second, as: "app").first)
        #expect(one.id != two.id)
        let (left, right) = (try JWTClaims.of(one.token), try JWTClaims.of(two.token))
        #expect(left["aud"] == "siem")
        #expect(right["aud"] == "https://app.example/")
        // The same cause.
        #expect(left["txn"] == right["txn"])
        let rules = JWTRules(algorithms: [.es256], types: ["secevent+jwt"], expiry: .ignored)
        #expect(throws: Never.self) {
            try JWT(
                validating: two.token, with: issuer.core.keys.verificationKeys, rules: rules, at: issuer.clock.now)
        }
    }

    @Test("SSF-014: events with the same cause have the same txn")
    func transaction() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        let alice = try await issuer.user("alice").id
        var context = RequestContext()
        context.trace = "0af7651916cd43dd8448eb211c80319c"
        RequestContext.$current.withValue(context) {
            issuer.audit.record(.passwordChanged, user: alice)
            issuer.audit.record(.sessionEnded(reason: "password_changed"), user: alice, session: .random())
        }
        try await issuer.audit.flush()
        let events = try await issuer.polled(id)
        #expect(events.count == 2)
        #expect(events.allSatisfy { $0["txn"] == "0af7651916cd43dd8448eb211c80319c" })
        #expect(Set(events.compactMap { $0["jti"]?.string }).count == 2)
    }

    @Test("CAEP-001 CAEP-002 CAEP-004 CAEP-005 CAEP-006 CAEP-007: session-revoked names the session and its user")
    func sessionRevoked() async throws {
        let events = try await claims(
            of: .sessionEnded(reason: "idle"), session: Identifier(rawValue: "sid-1"), by: .system)
        let event = try #require(events.first)
        let (type, content) = try event.event()
        #expect(type == "https://schemas.openid.net/secevent/caep/event-type/session-revoked")
        #expect(content["initiating_entity"] == "policy")
        #expect(content["reason_admin"] == ["en": "idle"])
        #expect(content["event_timestamp"] == event["iat"])
        let subject = try #require(event["sub_id"]?.object)
        #expect(subject["format"] == "complex")
        #expect(subject["session"] == ["format": "opaque", "id": "sid-1"])
        #expect(subject["user"]?.object?["format"] == "iss_sub")
    }

    @Test("CAEP-003: without a known session, the event is about all sessions of the user")
    func allSessions() async throws {
        let event = try #require(try await claims(of: .sessionEnded(reason: "administrator")).first)
        #expect(event["sub_id"]?.object?["format"] == "iss_sub")
    }

    @Test(
        "CAEP-008 CAEP-009 CAEP-010 CAEP-011: credential-change says which kind of credential changed, and how",
        arguments: [
            (.passwordChanged, "password", "update"), (.passwordReset, "password", "update"),
            (.passwordWithdrawn, "password", "revoke"), (.factorEnrolled(.passkey), "fido2-platform", "create"),
            (.factorRemoved(.passkey), "fido2-platform", "delete"), (.factorEnrolled(.totp), "app", "create"),
            (.factorRemoved(.totp), "app", "delete"), (.factorRemoved(.password), "password", "delete"),
        ] as [(AuditEvent, String, String)])
    func credentialChange(_ event: AuditEvent, _ credential: String, _ change: String) async throws {
        let (type, content) = try #require(try await claims(of: event).first?.event())
        #expect(type == "\(SignalTests.caep)credential-change")
        #expect(content["credential_type"] == .string(credential))
        #expect(content["change_type"] == .string(change))
        #expect(content["initiating_entity"] == "user")
        for name in content.names {
            #expect(["credential_type", "change_type", "initiating_entity", "event_timestamp"].contains(name))
        }
    }

    @Test(
        "RISC: accounts that are disabled, enabled and deleted",
        arguments: [
            (.accountEnabled(false), "account-disabled"), (.accountEnabled(true), "account-enabled"),
            (.accountDeleted, "account-purged"),
        ] as [(AuditEvent, String)])
    func accounts(_ event: AuditEvent, _ name: String) async throws {
        let (type, content) = try #require(try await claims(of: event, by: .commandLine("root")).first?.event())
        #expect(type == SignalTests.risc + name)
        #expect(content.names == ["event_timestamp"])
    }

    @Test(
        "CAEP-006: who caused the event",
        arguments: [
            (nil, "user"), (.commandLine("root"), "admin"), (.client(Identifier(rawValue: "admin-ui")), "admin"),
            (.user(Identifier(rawValue: "someone else")), "admin"), (.system, "policy"),
        ] as [(AuditActor?, String)])
    func initiator(_ actor: AuditActor?, _ entity: String) async throws {
        let (_, content) = try #require(try await claims(of: .passwordChanged, by: actor).first?.event())
        #expect(content["initiating_entity"] == .string(entity))
    }

    @Test(
        "nothing else is sent, and nothing that was refused",
        arguments: [
            .signedIn(factors: [.password], amr: ["pwd"], acr: "1"), .signedOut, .sessionsEnded, .emailChanged,
            .profileChanged(members: ["name"]), .recoveryCodesMade(count: 10), .enrolmentRefused(.passkey),
            .signInRefused(.wrongCredential, .password), .consentGiven(scope: ["openid"]), .passwordResetRequested,
            .factorEnrolled(.recoveryCode), .factorRemoved(.upstream),
        ] as [AuditEvent])
    func nothing(_ event: AuditEvent) async throws {
        #expect(try await claims(of: event).isEmpty)
    }

    @Test("the level of a session is no event of its own")
    func level() async throws {
        #expect(!EventType.supported.map(\.rawValue).contains { $0.hasSuffix("assurance-level-change") })
        #expect(try await claims(of: .steppedUp(.totp, acr: "2")).isEmpty)
    }

    @Test("a batch that is stored twice makes no second event", arguments: TestEngine.allCases)
    func storedTwice(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer.withReceivers(database: TestDatabase(engine))
        let id = try await issuer.stream()
        try await issuer.changePassword()
        let events = try await issuer.waiting(id)
        var query = AuditQuery()
        query.events = ["password_changed"]
        let entry = try #require(try await issuer.stores.audit.find(query).first)
        let head = try #require(try await issuer.stores.audit.head(of: entry.node))
        let signal = try #require(try entry.signal(from: issuer.issuer.identifier)?.sealed(by: Sealer(issuer.vault)))
        #expect(signal.signal.identifier(in: Identifier(rawValue: id)) == events.first?.id)
        try await issuer.stores.audit.append([entry], head: head, deliveries: [:], signals: [entry.sequence: signal])
        // Not even after the receiver took it.
        #expect(
            try await issuer.stores.securityEvents.acknowledge(events.map(\.id), in: Identifier(rawValue: id)).count
                == 1)
        try await issuer.stores.audit.append([entry], head: head, deliveries: [:], signals: [entry.sequence: signal])
        #expect(try await issuer.waiting(id).isEmpty)
    }

    @Test("someone who can write to the database can't make an event that is signed")
    func forged() async throws {
        let receiver = CannedReceiver()
        let issuer = try await TestIssuer.withReceivers(fetcher: receiver)
        let id = try await issuer.stream(to: SignalTests.endpoint)
        let claims = Array(#"{"iat": 1, "sub": "alice", "exp": 99999999999, "events": {}}"#.utf8)
        let forged = SecurityEvent(
            id: .random(), stream: Identifier(rawValue: id), sealedClaims: claims, dueAt: issuer.clock.now,
            expiresAt: issuer.clock.now.addingTimeInterval(60))
        try await issuer.stores.securityEvents.add(forged)
        try await issuer.push(id)
        #expect(receiver.asked().isEmpty)
    }

    @Test("what waits in the database can't be read there")
    func sealed() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        try await issuer.changePassword()
        let alice = try await issuer.user("alice").id.rawValue
        let event = try #require(try await issuer.waiting(id).first)
        #expect(!String(decoding: event.sealedClaims, as: UTF8.self).contains(alice))
    }

    @Test("identifiers don't say how much happens here")
    func identifier() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        try await issuer.changePassword(2)
        for claims in try await issuer.polled(id) {
            for name in ["jti", "txn"] { #expect(claims[name]?.string?.wholeMatch(of: /[\w-]{43}/) != nil) }
        }
    }
}
