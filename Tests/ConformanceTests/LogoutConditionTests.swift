import Foundation
import Testing

@testable import Conformance

@Suite("Conditions on logout accept valid requests and responses, and each can fail")
struct LogoutConditionTests {
    private typealias On = LogoutTokenConditions

    /// A valid logout token, signed with the secret of the client, with changes.
    private func token(
        method: String = "POST", type: String = "application/x-www-form-urlencoded", more: String = "",
        secret: String = Evidence.registration.clientSecret ?? "", header: [String: JSON] = [:],
        _ change: (inout [String: JSON]) -> Void = { _ in }
    ) throws -> LogoutTokenEvidence {
        var claims: [String: JSON] = [
            "iss": .string(Evidence.issuer), "sub": "somebody", "aud": "web", "iat": .number(Evidence.now),
            "exp": .number(Evidence.now + 120), "jti": "1", "sid": "session",
            "events": ["http://schemas.openid.net/event/backchannel-logout": [:]],
        ]
        change(&claims)
        let text = try SigningKey.secret(secret).sign(claims, header: ["typ": "logout+jwt"].merging(header) { $1 })
        let request = Received(
            method: method, target: "/notice", headers: [Parameter("Content-Type", type)],
            body: "logout_token=\(text)\(more)")
        let signedIn = SignedIn(
            answer: try Evidence.answer(), code: Evidence.code, tokens: Evidence.tokens(),
            idToken: try Evidence.idToken { $0["sid"] = "session" }.token, accessToken: Evidence.token)
        return LogoutTokenEvidence(
            request: request, signedIn: signedIn, issuer: Evidence.issuer, keys: [], now: Evidence.now)
    }

    @Test("conditions on logout tokens")
    func tokens() throws {
        each(
            On.shared, good: try token(),
            bad: [
                (On.isPosted, try token(method: "GET")), (On.isPosted, try token(type: "application/json")),
                (On.isPosted, try token(more: "&state=x")),
                (On.isSigned, try token(secret: "of somebody else entirely")),
                (On.isSigned, try token(header: ["alg": "none"])),
                (On.hasAlgorithmOfIDToken, try token(header: ["alg": "none"])),
                (On.hasAlgorithmOfIDToken, try token(header: ["alg": "ES256"])),
                (On.hasType, try token(header: ["typ": "JWT"])), (On.namesIssuer, try token { $0["iss"] = "x" }),
                (On.isForClient, try token { $0["aud"] = ["web", "other"] }),
                (On.isForClient, try token { $0["aud"] = nil }),
                (On.isRecent, try token { $0["iat"] = .number(Evidence.now - 600) }),
                (On.isRecent, try token { $0["iat"] = .number(Evidence.now + 600) }),
                (On.expires, try token { $0["exp"] = nil }),
                (On.expires, try token { $0["exp"] = .number(Evidence.now) }),
                (On.expiresSoon, try token { $0["exp"] = .number(Evidence.now + 600) }),
                (On.hasIdentifier, try token { $0["jti"] = nil }), (On.hasIdentifier, try token { $0["jti"] = "" }),
                (On.hasEvent, try token { $0["events"] = nil }), (On.hasEvent, try token { $0["events"] = [:] }),
                (
                    On.hasEvent,
                    try token { $0["events"] = ["http://schemas.openid.net/event/backchannel-logout": "x"] }
                ),
                (On.namesSubject, try token { $0["sub"] = "somebody else" }),
                (On.namesSubject, try token { ($0["sub"], $0["sid"]) = (nil, nil) }),
                (On.namesSession, try token { $0["sid"] = nil }), (On.namesSession, try token { $0["sid"] = "other" }),
                (On.hasNoNonce, try token { $0["nonce"] = "the-nonce" }),
            ])
    }

    @Test("conditions on several logout tokens")
    func severalTokens() throws {
        let (one, same, other) = (try token(), try token(), try token { $0["jti"] = "2" })
        each([On.areDistinct], good: [one, other], bad: [(On.areDistinct, [one, same])])
        each([On.areRepeats], good: [one, same], bad: [(On.areRepeats, [one, other])])
        let none = On.noneArrived("nothing arrives", "§1")
        each([none], good: [], bad: [(none, [one.request])])
        each([BackChannelModules.isPrompt], good: 1, bad: [(BackChannelModules.isPrompt, 10)])
    }

    @Test("conditions on what ends with the session and what a logout token is good for")
    func ends() {
        let (ok, no) = (WebAnswer(status: 200), WebAnswer(status: 401))
        each([BackChannelModules.isNoAccessToken], good: no, bad: [(BackChannelModules.isNoAccessToken, ok)])
        each([BackChannelModules.survives], good: ok, bad: [(BackChannelModules.survives, no)])
        each([BackChannelModules.needsNone], good: false, bad: [(BackChannelModules.needsNone, true)])
    }

    @Test("conditions on questions before a sign-out")
    func questions() throws {
        func evidence(_ html: String, visited: [PageKind] = []) -> LogoutEvidence {
            let page = ShownPage(
                address: WebAddress("https://id.example.com/logout"),
                answer: WebAnswer(status: 200, body: Array(html.utf8)))
            return LogoutEvidence(
                arrival: Arrival(place: .page(page), visited: visited, exchange: 1), destination: nil, state: nil)
        }
        let asks = LogoutConditions.asks
        each(
            [asks], good: evidence("<form method=post><button name=d value=yes>Sign out</button></form>"),
            bad: [(asks, evidence("<p>Signed out</p>"))])
        #expect(asks.verdict(on: evidence("<p>Signed out</p>", visited: [.question])) == .holds)
        let keeps = LogoutConditions.keepsSession
        each(
            [keeps], good: try Evidence.answer(),
            bad: [(keeps, try Evidence.answer("https://rp.example/cb?x=1&error=login_required"))])
    }

    @Test("conditions on metadata")
    func metadata() throws {
        func evidence(_ change: (inout [String: JSON]) -> Void = { _ in }) throws -> MetadataEvidence {
            MetadataEvidence(metadata: try Evidence.metadata(change), issuer: Evidence.issuer)
        }
        let supports = MetadataConditions.supports("backchannel_logout_supported", "§2.1")
        each(
            [supports], good: try evidence { $0["backchannel_logout_supported"] = true },
            bad: [
                (supports, try evidence()), (supports, try evidence { $0["backchannel_logout_supported"] = false }),
                (supports, try evidence { $0["backchannel_logout_supported"] = "true" }),
            ])
        let frame = MetadataConditions.hasSessionFrame
        each(
            [frame], good: try evidence { $0["check_session_iframe"] = "https://id.example.com/session" },
            bad: [
                (frame, try evidence()),
                (frame, try evidence { $0["check_session_iframe"] = "http://id.example.com/session" }),
            ])
    }
}

@Suite("The receiver plays clients and event receivers")
struct ReceiverTests {
    @Test("it records requests and reacts as told")
    func reactions() async throws {
        let receiver = try await Receiver()
        let transport = Transport()
        func post(_ path: String, _ body: String) async throws -> WebAnswer {
            try await transport.send(
                .form([Parameter("a", body)], to: WebAddress("http://127.0.0.1:\(receiver.port)\(path)")),
                recording: ExchangeLog())
        }
        receiver.react(.status(400), times: 2) { $0.form["a"] == "x" }
        receiver.react(.status(307, location: "/there")) { $0.path == "/moved" }
        #expect(try await post("/one?q=1", "x").status == 400)
        #expect(try await post("/one?q=1", "y").status == 200)
        #expect(try await post("/one?q=1", "x").status == 400)
        #expect(try await post("/one?q=1", "x").status == 200)
        let moved = try await post("/moved", "z")
        #expect(moved.status == 307)
        #expect(moved.header("Location") == "/there")
        #expect(receiver.requests { $0.path == "/one" }.map { $0.form["a"] } == ["x", "y", "x", "x"])
        #expect(
            receiver.requests { $0.target == "/one?q=1" }.allSatisfy {
                $0.mediaType == "application/x-www-form-urlencoded"
            })
        await transport.close()
        await receiver.close()
    }

    @Test("silence leaves the sender waiting, and no request in time is a finding")
    func silence() async throws {
        let receiver = try await Receiver()
        receiver.react(.silence) { _ in true }
        var limits = Transport.Limits()
        limits.seconds = 0.3
        let transport = Transport(limits: limits)
        await #expect(throws: Misbehaviour.self) {
            try await transport.send(
                WebRequest("GET", WebAddress("http://127.0.0.1:\(receiver.port)/")), recording: ExchangeLog())
        }
        #expect(receiver.requests { $0.method == "GET" }.count == 1)
        let trial = Trial(
            target: Target(issuer: Evidence.issuer, clients: [:], user: Account(username: "a", password: "b")),
            variant: Variant(), transport: transport, receiver: receiver)
        #expect(try await trial.receive { $0.path == "/" }.count == 1)
        #expect(trial.log.all.count == 1)
        await #expect(throws: Misbehaviour("1 of 2 expected requests arrived within 0 s")) {
            try await trial.receive(2, within: 0.1) { $0.path == "/" }
        }
        await transport.close()
        await receiver.close()
    }

    @Test("a port that is taken is reported, and a target without a receiver is not configured")
    func unavailable() async throws {
        let receiver = try await Receiver()
        await #expect(throws: InvalidTarget.self) { try await Receiver(port: receiver.port) }
        await receiver.close()
        let transport = Transport()
        let trial = Trial(
            target: Target(issuer: Evidence.issuer, clients: [:], user: Account(username: "a", password: "b")),
            variant: Variant(), transport: transport)
        #expect(throws: NotConfigured.self) { try trial.listening() }
        await transport.close()
    }

    @Test("moving the receiver changes the target and a copy of the resource file")
    func move() async throws {
        let receiver = try await Receiver()
        let folder = FileManager.default.temporaryDirectory.appending(path: "move-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let original = folder.appending(path: "original.yaml")
        try Data("uri: http://127.0.0.1:8790/x\n".utf8).write(to: original)
        var target = Target(issuer: Evidence.issuer, clients: [:], user: Account(username: "a", password: "b"))
        #expect(ReceiverMove(of: &target, to: receiver) == nil)
        target.receiver = ReceiverAddress(url: "http://127.0.0.1:8790", port: 8790)
        let move = try #require(ReceiverMove(of: &target, to: receiver))
        #expect(target.receiver?.port == receiver.port)
        let copy = try move.copy(original.path, to: folder)
        #expect(try String(contentsOfFile: copy, encoding: .utf8) == "uri: http://127.0.0.1:\(receiver.port)/x\n")
        await receiver.close()
    }
}
