import Foundation
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("OpenID Connect Back-Channel Logout §2.5–§2.8: an upstream ends our sessions")
struct UpstreamLogoutTests {
    @Test("sid ends the sessions of that upstream session and no others", arguments: TestEngine.allCases)
    func session(_ engine: TestEngine) async throws {
        let scene = try await UpstreamLogoutScene(engine)
        for session in ["s-1", "s-1", "s-2"] { try await scene.signIn(session: session) }
        _ = try await Browser(scene.issuer).code()
        let response = try await scene.logOut(["sid": "s-1"])
        #expect(response.status == .ok && response.headers[.cacheControl] == "no-store")
        #expect(try await scene.bases() == ["password", "s-2"])
    }

    @Test("sub ends all sessions of that user at the upstream; those with a password stay")
    func subject() async throws {
        let scene = try await UpstreamLogoutScene()
        for session in ["s-1", "s-2", nil] { try await scene.signIn(session: session) }
        _ = try await Browser(scene.issuer).code()
        #expect(try await scene.logOut(["sub": "u-2"]).status == .ok)
        #expect(try await scene.bases() == ["password", "s-1", "s-2", "unknown"])
        #expect(try await scene.logOut(["sub": "u-1"]).status == .ok)
        #expect(try await scene.bases() == ["password"])
    }

    @Test("sub and sid end that session, and those of sub whose upstream session is unknown")
    func both() async throws {
        let scene = try await UpstreamLogoutScene()
        for session in ["s-1", "s-2", nil] { try await scene.signIn(session: session) }
        #expect(try await scene.logOut(["sub": "u-1", "sid": "s-1"]).status == .ok)
        #expect(try await scene.bases() == ["s-2"])
    }

    @Test("any number of sessions ends", arguments: TestEngine.allCases)
    func many(_ engine: TestEngine) async throws {
        let scene = try await UpstreamLogoutScene(engine)
        let alice = try #require(try await scene.issuer.stores.users.find(named: "alice"))
        let basis = UpstreamSession(upstream: Identifier(rawValue: "up"), subject: "u-1", session: "s-1")
        for _ in 0..<230 {
            let session = Session(
                secret: SecretDigest(bytes: RandomBytes.make(36)), user: alice.id, authenticatedAt: scene.clock.now,
                amr: ["fed"], acr: AuthenticationContext.singleFactor.rawValue, expiresAt: scene.clock.now + 3_600,
                upstream: basis)
            _ = try await scene.issuer.stores.sessions.start(
                session, of: alice, from: SignInOrigin(), replacing: nil)
        }
        #expect(try await scene.logOut(["sid": "s-1"]).status == .ok)
        #expect(try await scene.sessions().isEmpty)
        let ended = try await scene.events("upstream_signed_out")
        #expect(ended.map { $0.details["sessions"] } == [230] && ended.first?.user == alice.id.rawValue)
    }

    /// Tokens that break one rule: a change of the claims, and of `typ`.
    private static let invalid: [(String, JSONObject, String?)] = [
        ("another issuer", ["iss": "https://evil.example"], "logout+jwt"),
        ("no issuer", ["iss": .null], "logout+jwt"),
        ("another client", ["aud": "other"], "logout+jwt"),
        ("no audience", ["aud": .null], "logout+jwt"),
        ("older than five minutes", ["iat": 1_799_999_600, "exp": .null], "logout+jwt"),
        ("from the future", ["iat": 1_800_000_061], "logout+jwt"),
        ("no iat", ["iat": .null], "logout+jwt"),
        ("expired", ["exp": 1_799_999_940], "logout+jwt"),
        ("no jti", ["jti": .null], "logout+jwt"),
        ("an empty jti", ["jti": ""], "logout+jwt"),
        ("no events", ["events": .null], "logout+jwt"),
        (
            "another event", ["events": ["https://schemas.openid.net/secevent/risc/event-type/account-disabled": [:]]],
            nil
        ),
        ("an event that is no object", ["events": ["http://schemas.openid.net/event/backchannel-logout": true]], nil),
        ("a list of events", ["events": ["http://schemas.openid.net/event/backchannel-logout"]], nil),
        ("a nonce", ["nonce": "n"], "logout+jwt"),
        ("an empty nonce", ["nonce": .string("")], "logout+jwt"),
        ("neither sub nor sid", ["sub": .null, "sid": .null], "logout+jwt"),
        ("a sub that is no text", ["sub": 1, "sid": .null], "logout+jwt"),
        ("an empty sid", ["sid": ""], "logout+jwt"),
        ("an access token", [:], "at+jwt"),
        ("another type", [:], "secevent+jwt"),
    ]

    @Test("a token that breaks a rule ends nothing, and the response doesn't say which", arguments: 0..<invalid.count)
    func refused(_ index: Int) async throws {
        let (name, claims, type) = Self.invalid[index]
        let scene = try await UpstreamLogoutScene()
        try await scene.signIn(session: "s-1")
        var all: JSONObject = ["sub": "u-1", "sid": "s-1", "jti": "j-1"]
        for (name, value) in claims.members { all[name] = value }
        try await expectRefusal(scene.send(scene.token(all, type: type)), name)
        #expect(try await scene.bases() == ["s-1"], "\(name)")
        // A refused token doesn't use its `jti` up.
        #expect(try await scene.logOut(["sub": "u-1", "sid": "s-1", "jti": "j-1"]).status == .ok)
        #expect(try await scene.bases() == [])
    }

    private func expectRefusal(_ response: Response, _ name: String) throws {
        #expect(response.status == .badRequest && response.headers[.cacheControl] == "no-store", "\(name)")
        #expect(
            try response.json() == ["error": "invalid_request", "error_description": "logout_token is not valid"],
            "\(name)")
    }

    @Test("what isn't signed by the upstream's keys is refused")
    func forged() async throws {
        let scene = try await UpstreamLogoutScene()
        let (_, answer) = try await scene.signIn(session: "s-1")
        #expect(try answer.answer()["code"] != nil)
        let good = try await scene.token(["sid": "s-1"])
        let parts = good.split(separator: ".").map(String.init)
        let none = Base64URL.encode(Array(#"{"alg":"none"}"#.utf8))
        let symmetric = "\(Base64URL.encode(Array(#"{"alg":"HS256"}"#.utf8))).\(parts[1])"
        let mac = Base64URL.encode(TestHMAC.sha256(Array(symmetric.utf8), key: Array("upstream-secret".utf8)))
        let foreign = try await scene.token(["sid": "s-1"], with: PrivateKey.generate(for: .es256).signer())
        // Our own keys are no better.
        let own = try await scene.token(["sid": "s-1"], with: scene.issuer.core.keys.signer(for: .es256))
        for text in [
            "\(none).\(parts[1]).", "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1]).AAAA", "\(symmetric).\(mac)",
            foreign, own, "x",
            good + "x", "",
        ] {
            #expect(try await scene.send(text).status == .badRequest, "\(text)")
        }
        #expect(try await scene.bases() == ["s-1"])
    }

    @Test("types of earlier drafts, any audience of ours, and tokens without exp are accepted")
    func lenient() async throws {
        for (type, claims) in [
            (nil, [:]), ("JWT", [:]), ("application/logout+jwt", [:]), ("LOGOUT+JWT", ["exp": .null]),
            ("logout+jwt", ["aud": ["other", "martlet"]]),
            ("logout+jwt", ["events": [UpstreamLogoutScene.event: ["reason": "x"], "https://other.example": [:]]]),
            ("logout+jwt", ["iat": 1_799_999_701]), ("logout+jwt", ["iat": 1_800_000_060]),
        ] as [(String?, JSONObject)] {
            let scene = try await UpstreamLogoutScene()
            try await scene.signIn(session: "s-1")
            var all: JSONObject = ["sid": "s-1"]
            all.merge(claims)
            #expect(try await scene.send(scene.token(all, type: type)).status == .ok, "\(claims)")
            #expect(try await scene.bases() == [])
        }
    }

    @Test("a replayed token ends nothing, not even after it would be too old", arguments: TestEngine.allCases)
    func replay(_ engine: TestEngine) async throws {
        let scene = try await UpstreamLogoutScene(engine)
        let token = try await scene.token(["sub": "u-1", "exp": .null])
        #expect(try await scene.send(token).status == .ok)
        try await scene.signIn(session: "s-2")
        for _ in 0..<5 {
            try expectRefusal(await scene.send(token), "replay")
            scene.clock.advance(by: 119)
            _ = try await scene.issuer.stores.upkeep.removeExpired(before: scene.clock.now, limit: 100)
        }
        #expect(try await scene.bases() == ["s-2"])
    }

    @Test("of concurrent copies of a token, one is accepted", arguments: TestEngine.allCases)
    func concurrentReplay(_ engine: TestEngine) async throws {
        let scene = try await UpstreamLogoutScene(engine)
        try await scene.signIn(session: "s-1")
        let token = try await scene.token(["sid": "s-1"])
        let statuses = try await race(16) { _ in try await scene.send(token).status }
        #expect(statuses.count { $0 == .ok } == 1 && statuses.count { $0 == .badRequest } == 15)
        #expect(try await scene.bases() == [])
    }

    @Test("an unknown and a disabled upstream look like an invalid token")
    func unknown() async throws {
        let scene = try await UpstreamLogoutScene(.sqlite, ["disabled": true])
        for id in ["up", "nobody", "UP", "..", "up%20"] {
            try expectRefusal(await scene.send(scene.token(["sub": "u-1"]), to: id), id)
        }
        #expect(try await scene.issuer.send(.post, "/upstream/up/backchannel-logout").status == .badRequest)
    }

    @Test("while the upstream's keys can't be fetched, it is told to try again")
    func unreachable() async throws {
        let scene = try await UpstreamLogoutScene()
        try await scene.signIn(session: "s-1")
        scene.upstream.change { $0.answers["/jwks"] = { _ in throw FetchError.unknownHost("up.example") } }
        let token = try await scene.token(["sid": "s-1"])
        let response = try await scene.send(token)
        #expect(response.status == .serviceUnavailable && response.headers[.retryAfter] != nil)
        #expect(try await scene.bases() == ["s-1"])
        scene.upstream.change { $0.answers = [:] }
        #expect(try await scene.send(token).status == .ok)
        #expect(try await scene.bases() == [])
    }

    @Test("tokens without offline access end with the session, others stay (§2.7)")
    func offlineAccess() async throws {
        let scene = try await UpstreamLogoutScene()
        var tokens: [String: String] = [:]
        for scope in ["openid", "openid offline_access"] {
            let more = scope == "openid" ? [] : [("prompt", "consent")]
            let (_, response) = try await scene.signIn(session: "s-1", Browser.webRequest(scope: scope, more))
            let redeemed = try await scene.issuer.redeem(response.answer().required("code")).json()
            tokens[scope] = redeemed["refresh_token"]?.string
        }
        #expect(try await scene.logOut(["sid": "s-1"]).status == .ok)
        #expect(try await scene.issuer.refresh(#require(tokens["openid"])).status == .badRequest)
        #expect(try await scene.issuer.refresh(#require(tokens["openid offline_access"])).status == .ok)
    }

    @Test("the endpoint is for servers: no scripts of other origins, no cookies, and a limit")
    func routes() async throws {
        let scene = try await UpstreamLogoutScene()
        let route = try #require(UpstreamLogoutEndpoint(scene.issuer.core).routes.first)
        #expect(route.method == .post && !route.isSharedAcrossOrigins && route.rateLimit == .requests)
        let (browser, _) = try await scene.signIn(session: "s-1")
        let form = [("logout_token", try await scene.token(["sid": "another"]))]
        let response = try await browser.request(.post, "/upstream/up/backchannel-logout", form: form)
        #expect(response.status == .ok && response.headers[.setCookie] == nil)
        #expect(try await scene.bases() == ["s-1"])
    }
}
