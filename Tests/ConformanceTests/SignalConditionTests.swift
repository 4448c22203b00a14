import Foundation
import Testing

@testable import Conformance

@Suite("Conditions on shared signals accept what is valid, and each can fail")
struct SignalConditionTests {
    private let key = SigningKey.newP256()

    /// A valid event about a session, with changes.
    private func event(
        name: String? = "1", by signer: SigningKey? = nil, header: [String: JSON] = [:],
        _ change: (inout [String: JSON]) -> Void = { _ in }
    ) throws -> SecurityEventEvidence {
        var claims: [String: JSON] = [
            "iss": .string(Evidence.issuer), "aud": "receiver", "iat": .number(Evidence.now), "jti": "1", "txn": "2",
            "sub_id": [
                "format": "complex", "session": ["format": "opaque", "id": "session"],
                "user": ["format": "iss_sub", "iss": .string(Evidence.issuer), "sub": "somebody"],
            ],
            "events": [
                SecurityEvents.sessionRevoked: [
                    "initiating_entity": "user", "reason_admin": ["en": "sign-out"], "event_timestamp": 1,
                ]
            ],
        ]
        change(&claims)
        let text = try (signer ?? key).sign(claims, header: ["typ": "secevent+jwt"].merging(header) { $1 })
        return SecurityEventEvidence(
            token: try JWS(text), name: name, issuer: Evidence.issuer, audience: "receiver",
            keys: [key.publicJWK].compactMap(\.self), now: Evidence.now)
    }

    private func content(_ members: JSON) throws -> SecurityEventEvidence {
        try event { $0["events"] = .object([SecurityEvents.sessionRevoked: members]) }
    }

    @Test("conditions on security event tokens")
    func events() throws {
        typealias On = SecurityEventConditions
        // RS256 is the only algorithm that the profile knows, and the key of this suite another.
        let conditions = On.shared.filter { $0.name != On.isInteroperable.name }
        each(
            conditions, good: try event(),
            bad: [
                (On.isSigned, try event(by: .newP256())), (On.isSigned, try event(by: SigningKey.none)),
                (On.hasType, try event(header: ["typ": "JWT"])), (On.namesIssuer, try event { $0["iss"] = "x" }),
                (On.isForStream, try event { $0["aud"] = ["receiver", "other"] }),
                (On.isForStream, try event { $0["aud"] = nil }),
                (On.isRecent, try event { $0["iat"] = .number(Evidence.now - 600) }),
                (On.hasIdentifier, try event { $0["jti"] = nil }), (On.hasIdentifier, try event(name: "other")),
                (On.hasOneEvent, try event { $0["events"] = [:] }),
                (On.hasOneEvent, try event { $0["events"] = ["https://a.example": "x"] }),
                (On.namesSubject, try event { $0["sub_id"] = nil }),
                (On.cannotBeIDToken, try event { $0["sub"] = "somebody" }),
                (On.cannotBeIDToken, try event { $0["exp"] = .number(Evidence.now) }),
                (On.hasTransaction, try event { $0["txn"] = nil }),
                (On.hasInitiator, try content(["initiating_entity": "robot"])),
                (On.hasReasons, try content(["reason_admin": "sign-out"])),
                (On.hasReasons, try content(["event_timestamp": "now"])),
            ])
        each([On.isInteroperable], good: try event(header: ["alg": "RS256"]), bad: [(On.isInteroperable, try event())])
    }

    @Test("conditions on what events are about")
    func subjects() throws {
        let signedIn = SignedIn(
            answer: try Evidence.answer(), code: Evidence.code, tokens: Evidence.tokens(),
            idToken: try Evidence.idToken { $0["sid"] = "session" }.token, accessToken: Evidence.token)
        let isAbout = SecurityEventConditions.isAbout(signedIn)
        let other = try event { $0["sub_id"] = ["format": "complex", "session": ["id": "other"]] }
        each(
            [isAbout], good: try event(),
            bad: [
                (isAbout, other),
                (
                    isAbout,
                    try event {
                        $0["sub_id"] = ["session": ["id": "session"], "user": ["sub": "somebody else"]]
                    }
                ),
            ])
        let isNot = SignalModules.isNotAbout(signedIn)
        each([isNot], good: other, bad: [(isNot, try event())])
        let repeats = SecurityEventConditions.areRepeats
        each(
            [repeats], good: [try event(), try event()], bad: [(repeats, [try event(), try event { $0["jti"] = "2" }])])
        func verification(_ state: String, id: String = "stream") throws -> SecurityEventEvidence {
            try event {
                $0["events"] = .object([SecurityEvents.verification: ["state": .string(state)]])
                $0["sub_id"] = ["format": "opaque", "id": .string(id)]
            }
        }
        let isStream = SignalModules.isAboutStream("stream")
        each([isStream], good: try verification("s"), bad: [(isStream, try verification("s", id: "x"))])
        let isState = SignalModules.isVerification("s", not: "former")
        each([isState], good: try verification("s"), bad: [(isState, try verification("former"))])
    }

    @Test("conditions on pushes and polls")
    func delivery() {
        let push = PushConditions.shared(authorization: "Bearer x")
        func pushed(
            type: String = "application/secevent+jwt", accept: String = "application/json", secret: String = "Bearer x"
        ) -> Received {
            Received(
                target: "/events",
                headers: [
                    Parameter("Content-Type", type), Parameter("Accept", accept), Parameter("Authorization", secret),
                ])
        }
        each(
            push, good: pushed(),
            bad: [
                (push[0], pushed(type: "application/jwt")), (push[1], pushed(accept: "text/html")),
                (push[2], pushed(secret: "Bearer y")),
            ])
        typealias On = PollConditions
        let (one, none) = (
            Evidence.json(["sets": ["1": "x"], "moreAvailable": true]), Evidence.json(["sets": [:]])
        )
        each(
            [On.answers, On.keepsLimit, SignalModules.hasEvent], good: one,
            bad: [
                (On.answers, Evidence.json([:])), (On.answers, Evidence.json(["sets": [:]], status: 500)),
                (On.keepsLimit, Evidence.json(["sets": ["1": "x", "2": "y"], "moreAvailable": true])),
                (SignalModules.hasEvent, none),
            ])
        each([On.isEmpty], good: none, bad: [(On.isEmpty, one)])
        each(
            [On.isMalformed], good: WebAnswer(status: 400),
            bad: [(On.isMalformed, one), (On.isMalformed, WebAnswer(status: 500))])
        let waits = On.waits(2)
        each([waits], good: 3, bad: [(waits, 0.1)])
    }

    @Test("conditions on the management of streams")
    func streams() {
        typealias On = StreamConditions
        let created = Evidence.json(["stream_id": "s"], status: 201)
        each(
            [On.isCreated, On.isAccepted], good: created,
            bad: [
                (On.isCreated, Evidence.json([:], status: 201)), (On.isCreated, Evidence.json(["stream_id": "s"])),
                (On.isAccepted, WebAnswer(status: 400)),
            ])
        let (status, refused) = (On.hasStatus("paused"), On.isRefused(404, "another's stream", "§8"))
        each(
            [status], good: Evidence.json(["status": "paused"]), bad: [(status, Evidence.json(["status": "enabled"]))])
        each([refused], good: WebAnswer(status: 404), bad: [(refused, WebAnswer(status: 200))])
        let challenge = WebAnswer(status: 401, headers: [Parameter("WWW-Authenticate", "Bearer")])
        each([On.challenges], good: challenge, bad: [(On.challenges, WebAnswer(status: 401))])
        each(
            [On.saysTheSame], good: [WebAnswer(status: 200), WebAnswer(status: 200)],
            bad: [
                (On.saysTheSame, [WebAnswer(status: 200), WebAnswer(status: 404)]),
                (On.saysTheSame, [WebAnswer(status: 500), WebAnswer(status: 500)]),
            ])
        let another = SignalModules.isAnother(than: "s")
        each([another], good: WebAnswer(status: 409), bad: [(another, created)])
        let listed = SignalModules.isListed("s")
        func list(_ text: String) -> WebAnswer { WebAnswer(status: 200, body: Array(text.utf8)) }
        each(
            [listed], good: list("[{\"stream_id\":\"s\"}]"),
            bad: [(listed, list("[]")), (listed, list("{\"stream_id\":\"s\"}"))])
        let changed = Evidence.json(["description": "Changed", "events_requested": ["x"]])
        each(
            [SignalModules.isChanged], good: changed,
            bad: [(SignalModules.isChanged, Evidence.json(["description": "Changed"]))])
    }

    @Test("conditions on the transmitter's metadata")
    func metadata() async throws {
        typealias On = TransmitterConditions
        func document(
            status: Int = 200, _ change: (inout [String: JSON]) -> Void = { _ in }
        ) -> TransmitterMetadata {
            var members: [String: JSON] = [
                "spec_version": "1_0", "issuer": .string(Evidence.issuer), "jwks_uri": "https://id.example.com/jwks",
                "delivery_methods_supported": ["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"],
                "configuration_endpoint": "https://id.example.com/ssf/streams",
                "status_endpoint": "https://id.example.com/ssf/status",
                "verification_endpoint": "https://id.example.com/ssf/verify", "default_subjects": "NONE",
                "authorization_schemes": [["spec_urn": "urn:ietf:rfc:6749"]],
            ]
            change(&members)
            return TransmitterMetadata(answer: Evidence.json(members, status: status))
        }
        let names = On.namesIssuer(Evidence.issuer)
        each(
            On.shared + [names], good: document(),
            bad: [
                (On.isJSON, document(status: 500)), (On.hasVersion, document { $0["spec_version"] = nil }),
                (On.hasKeys, document { $0["jwks_uri"] = nil }),
                (On.hasEndpoints, document { $0["status_endpoint"] = nil }),
                (On.deliversBothWays, document { $0["delivery_methods_supported"] = ["urn:ietf:rfc:8935"] }),
                (On.hasSubjects, document { $0["default_subjects"] = "SOME" }),
                (On.hasNoEmptyList, document { $0["critical_subject_members"] = [] }),
                (On.hasSchemes, document { $0["authorization_schemes"] = nil }),
                (names, document { $0["issuer"] = "https://other.example" }),
            ])
    }

    @Test("modules take turns with what the target has only one of")
    func turns() async throws {
        let receiver = try await Receiver()
        let most = try await withThrowingTaskGroup(of: Int.self) { group in
            let counter = Counter()
            for _ in 0..<8 {
                group.addTask {
                    try await receiver.using("stream") {
                        let now = await counter.enter()
                        await Task.yield()
                        await counter.leave()
                        return now
                    }
                }
            }
            return try await group.reduce(0, max)
        }
        #expect(most == 1)
        await receiver.close()
    }

    private actor Counter {
        private var count = 0
        func enter() -> Int {
            count += 1
            return count
        }
        func leave() { count -= 1 }
    }
}
