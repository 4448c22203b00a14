import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("An upstream that lies or fails (OpenID Connect Core §3.1.3.7, §5.3.2)")
struct UpstreamLieTests {
    @Test(
        "an ID Token that breaks a rule is refused",
        arguments: [
            ["iss": "https://other.example"], ["iss": .null], ["iss": "https://up.example/"],
            ["aud": "other"], ["aud": .null], ["aud": ["martlet", "other"]], ["aud": []], ["azp": "other"], ["azp": 1],
            ["sub": .null], ["sub": ""], ["sub": 7], ["sub": "u-1\u{0}"], ["sub": "\u{FC}"],
            ["sub": .string(String(repeating: "a", count: 256))],
            ["nonce": .null], ["nonce": "other"], ["nonce": 7],
            ["exp": .null], ["exp": 1_799_999_940], ["iat": .null], ["iat": 1_800_000_061],
            ["at_hash": "AAAAAAAAAAAAAAAAAAAAAA"], ["at_hash": 7],
            ["auth_time": 1_800_000_061], ["auth_time": -1], ["auth_time": "now"],
        ] as [JSONObject])
    func lies(_ claims: JSONObject) async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        upstream.change {
            $0.claims = claims
            // The userinfo endpoint tells the same lie, so that it doesn't give the ID Token away.
            $0.userInfo = JSONObject(claims.members.filter { $0.name == "sub" }.map { ($0.name, $0.value) })
        }
        #expect(try await visitor.problem(with: upstream) == "invalid")
        #expect(visitor.browser.cookie("session") == nil)
    }

    @Test(
        "an ID Token that only differs in form is accepted, with a clock skew of up to 60 seconds",
        arguments: [
            ["aud": ["martlet"]], ["azp": "martlet"], ["exp": 1_799_999_941], ["iat": 1_800_000_060],
            ["auth_time": 1_800_000_060], ["at_hash": "9MKET0Y7WpOlF96BtnoJyA", "extra": ["a": 1]],
        ] as [JSONObject])
    func accepted(_ claims: JSONObject) async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        upstream.change { $0.claims = claims }
        #expect(try await visitor.problem(with: upstream) == nil)
    }

    /// Of `access-1`, from `printf access-1 | openssl dgst -sha256 -binary | head -c 16 | basenc --base64url` without padding.
    private static let halfHash = "9MKET0Y7WpOlF96BtnoJyA"

    @Test("a signature by another key, by no key, or by the client secret is refused")
    func signatures() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        try upstream.change { $0.key = try PrivateKey.generate(for: .es256) }
        #expect(try await visitor.problem(with: upstream) == "invalid")
        for forge in [Forgery.unsigned, .secret] {
            let location = try await visitor.leave()
            let token = try await forge.token(nonce: parameters(of: location).required("nonce"))
            upstream.change { $0.tokens = ["id_token": .string(token)] }
            #expect(try await visitor.comeBack(upstream.authorize(location)).upstreamProblem == "invalid")
        }
    }

    @Test(
        "each algorithm of the upstream has its own hash for at_hash",
        arguments: [SignatureAlgorithm.es384, .edDSA, .rs256])
    func algorithms(_ algorithm: SignatureAlgorithm) async throws {
        let upstream = try CannedUpstream(algorithm: algorithm)
        let visitor = try await UpstreamVisitor.linked(upstream)
        #expect(try await visitor.problem(with: upstream) == nil)
        upstream.change { $0.claims = ["at_hash": .string(Self.halfHash)] }
        #expect(try await visitor.problem(with: upstream) == (algorithm == .rs256 ? nil : "invalid"))
    }

    @Test(
        "a userinfo response about another user is refused",
        arguments: [["sub": "u-2"], ["sub": .null], ["sub": "U-1"], ["sub": 1]] as [JSONObject])
    func otherUser(_ userInfo: JSONObject) async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        upstream.change { $0.userInfo = userInfo }
        #expect(try await visitor.problem(with: upstream) == "invalid")
    }

    @Test("claims of the userinfo endpoint never replace signed ones, nor vouch for another address")
    func merging() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        upstream.change {
            $0.claims = ["email": "signed@up.example", "name": "Signed"]
            $0.userInfo = ["name": "Unsigned", "acr": "gold", "nickname": "Al"]
        }
        let identity = try await visitor.identity(upstream)
        #expect(identity.claims["name"] == "Signed")
        #expect(identity.claims["nickname"] == "Al")
        #expect(identity.email == "signed@up.example")
        #expect(!identity.isEmailVerified)
        #expect(identity.context == .singleFactor)
        upstream.change { $0.claims = ["email": "alice@up.example"] }
        #expect(try await visitor.identity(upstream).isEmailVerified)
        upstream.change {
            $0.claims = ["email_verified": true]
            $0.userInfo = ["email_verified": false]
        }
        #expect(try await !visitor.identity(upstream).isEmailVerified)
    }

    @Test(
        "email_verified counts only as true, not as text",
        arguments: [
            (true, "claim", true), (false, "claim", false), ("true", "claim", false), ("false", "claim", false),
            (1, "claim", false), (.null, "claim", false), ("true", "always", true), (false, "always", true),
            (true, "never", false),
        ] as [(JSON, String, Bool)])
    func emailVerified(_ flag: JSON, rule: String, expected: Bool) async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream, ["email_verified": .string(rule)])
        upstream.change { $0.userInfo = ["email_verified": flag] }
        let identity = try await visitor.identity(upstream)
        #expect(identity.email == "alice@up.example")
        #expect(identity.isEmailVerified == expected)
        upstream.change { $0.userInfo["email"] = .null }
        #expect(try await visitor.identity(upstream).isEmailVerified == false)
    }

    @Test(
        "metadata that is not exactly the issuer's, or leads elsewhere, is refused before the browser leaves",
        arguments: [
            ["issuer": "https://other.example"], ["issuer": "https://up.example/"], ["issuer": .null],
            ["authorization_endpoint": .null], ["authorization_endpoint": "javascript:alert(1)"],
            ["authorization_endpoint": "http://up.example/authorize"],
            ["authorization_endpoint": "https://up.example/authorize#f"], ["token_endpoint": "file:///etc/passwd"],
            ["token_endpoint": "http://localhost/token"], ["jwks_uri": .null], ["jwks_uri": ["https://up.example"]],
            ["userinfo_endpoint": "https:///userinfo"],
        ] as [JSONObject])
    func metadata(_ metadata: JSONObject) async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        upstream.change { $0.metadata = metadata }
        let failure = await #expect(throws: UpstreamFailure.self) { try await visitor.leave() }
        #expect(failure?.reason == .invalid)
    }

    @Test(
        "garbage from any endpoint is refused",
        arguments: ["/.well-known/openid-configuration", "/token", "/jwks", "/userinfo"],
        [
            "", "<html>", "[]", "null", "{\"a\":1,\"a\":2}", "{\"keys\":7}", "\u{0}",
            String(repeating: "[", count: 100_000),
        ])
    func garbage(_ path: String, body: String) async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        let location = try await visitor.leave()
        upstream.change { $0.answers[path] = { _ in FetchResponse(status: 200, body: Array(body.utf8)) } }
        let back = try await visitor.comeBack(upstream.authorize(location))
        #expect(back.upstreamProblem == "invalid")
        #expect(visitor.browser.cookie("session") == nil)
    }

    @Test(
        "a token response without a usable token is refused",
        arguments: [
            ["access_token": .null], ["access_token": ""], ["access_token": "a\r\nX: y"], ["access_token": "a b"],
            ["access_token": 7], ["token_type": .null], ["token_type": "mac"], ["token_type": "DPoP"],
            ["id_token": .null], ["id_token": "a.b.c"], ["id_token": 7], ["error": "bad_verification_code"],
        ] as [JSONObject])
    func tokenResponse(_ members: JSONObject) async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        upstream.change { $0.tokens = members }
        #expect(try await visitor.problem(with: upstream) == "invalid")
        #expect(upstream.asked("/userinfo").isEmpty)
    }

    @Test(
        "an upstream that hangs, is down or fails is unavailable, and one that redirects or refuses is invalid",
        arguments: [
            (.timedOut(host: "up", after: .seconds(10)), "unavailable"), (.unknownHost("up"), "unavailable"),
            (.unreachable(host: "up", reason: "refused"), "unavailable"), (.busy(host: "up"), "unavailable"),
            (.unsuccessful(host: "up", FetchResponse(status: 503)), "unavailable"),
            (.unsuccessful(host: "up", FetchResponse(status: 429)), "unavailable"),
            (.unsuccessful(host: "up", FetchResponse(status: 404)), "invalid"),
            (.redirected(host: "up", status: 302), "invalid"), (.privateAddress(host: "up"), "invalid"),
            (.tooLarge(host: "up", limit: 524_288), "invalid"),
            (.mediaType("text/html", host: "up", expected: []), "invalid"),
        ] as [(FetchError, String)])
    func failures(_ error: FetchError, expected: String) async throws {
        for path in ["/.well-known/openid-configuration", "/token", "/jwks", "/userinfo"] {
            let upstream = try CannedUpstream()
            let visitor = try await UpstreamVisitor.linked(upstream)
            let location = try await visitor.leave()
            upstream.change { $0.answers[path] = { _ in throw error } }
            let back = try await visitor.comeBack(upstream.authorize(location))
            #expect(back.upstreamProblem == expected, "\(path)")
            // The password still works.
            let page = try await visitor.browser.follow(back).page()
            #expect(page.template == "sign-in")
            let form = [("username", "alice"), ("password", "correct horse")]
            #expect(try await visitor.browser.submit(page, form).page().template == "consent")
        }
    }

    @Test(
        "every request is guarded: bounded in size and time, and kept from private networks", arguments: [false, true])
    func guarded(isInPrivateNetwork: Bool) async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream, ["private_network": .bool(isInPrivateNetwork)])
        #expect(try await visitor.problem(with: upstream) == nil)
        let policies = Dictionary(upstream.policies.map { ($0.operation, $0) }) { first, _ in first }
        #expect(Set(policies.keys) == ["upstream.metadata", "upstream.keys", "upstream.token", "upstream.userinfo"])
        for (operation, policy) in policies {
            #expect(policy.allowsPrivateNetworks == isInPrivateNetwork)
            #expect(policy.timeout == .seconds(10))
            #expect(policy.maximumSize <= 524_288)
            #expect(policy.mediaTypes.contains("application/json"))
            #expect((policy.caching != nil) == ["upstream.metadata", "upstream.keys"].contains(operation))
            // Traces are not the upstream's business.
            #expect(!policy.propagatesTrace)
        }
    }

    @Test("an upstream that is down doesn't let the browser leave")
    func down() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        upstream.change { $0.answers["/.well-known/openid-configuration"] = { _ in throw FetchError.busy(host: "up") } }
        let failure = await #expect(throws: UpstreamFailure.self) { try await visitor.leave() }
        #expect(failure?.reason == .unavailable)
    }
}

/// A token that the upstream's key did not sign.
private enum Forgery {
    case unsigned, secret

    func token(nonce: String) async throws -> String {
        let claims: JSONObject = [
            "iss": "https://up.example", "sub": "u-1", "aud": "martlet", "iat": 1_800_000_000, "exp": 1_800_000_300,
            "nonce": .string(nonce),
        ]
        switch self {
        case .unsigned:
            return "\(Base64URL.encode(Array(#"{"alg":"none"}"#.utf8))).\(Base64URL.encode(claims.serialized()))."
        case .secret: return try await JWT.sign(claims, type: nil, with: SecretSigner())
        }
    }

    private struct SecretSigner: Signer {
        let algorithm = SignatureAlgorithm.hs256
        let keyID: String? = nil
        func sign(_ message: [UInt8]) -> [UInt8] { TestHMAC.sha256(message, key: Array("upstream-secret".utf8)) }
    }
}
