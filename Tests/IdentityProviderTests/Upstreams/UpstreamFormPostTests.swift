import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Responses of upstreams that come in a form of another site (OAuth 2.0 Form Post Response Mode §2)")
struct UpstreamFormPostTests {
    private func visitor(_ upstream: CannedUpstream) async throws -> UpstreamVisitor {
        try await UpstreamVisitor.linked(upstream, ["response_mode": "form_post"])
    }

    private func post(
        _ visitor: UpstreamVisitor, _ form: [(String, String)], crossSite: Bool = true
    ) async throws -> Response {
        try await visitor.browser.request(
            .post, "/upstream/\(visitor.upstream)/callback", form: form,
            headers: [.origin: "https://up.example", .fetchSite: "cross-site"], crossSite: crossSite)
    }

    @Test("a form without cookies is continued by GET, with the parameters sealed")
    func relayed() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await visitor(upstream)
        let location = try await visitor.leave()
        #expect(try parameters(of: location)["response_mode"] == "form_post")
        let answer = try upstream.authorize(location)
        let relayed = try await post(visitor, answer)
        #expect(relayed.status == .seeOther)
        #expect(relayed.headers[values: .setCookie].isEmpty)
        let target = try #require(relayed.headers[.location])
        #expect(target.hasPrefix("/upstream/up/callback?response="))
        for (_, value) in answer { #expect(!target.contains(value)) }
        #expect(upstream.asked("/token").isEmpty)
        _ = try await visitor.browser.follow(relayed)
        #expect(visitor.browser.cookie("session") != nil)
    }

    @Test("a form that another site makes up, or replays, signs nobody in")
    func forged() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await visitor(upstream)
        let answer = try await upstream.authorize(visitor.leave())
        let stranger = UpstreamVisitor(visitor.issuer)
        _ = try await stranger.leave()
        #expect(try await stranger.browser.follow(post(stranger, answer)).status == .gone)
        #expect(stranger.browser.cookie("session") == nil)
        #expect(try await visitor.browser.follow(post(visitor, [("state", "x"), ("code", "c")])).status == .gone)
        #expect(upstream.asked("/token").isEmpty)
        let copy = visitor.browser.copy()
        _ = try await visitor.browser.follow(post(visitor, answer))
        let replayed = try await copy.follow(post(visitor, answer))
        #expect(try replayed.page().template == "sign-in")
        #expect(copy.cookie("session") == nil)
        #expect(upstream.asked("/token").count == 1)
    }

    @Test("a sealed response from elsewhere, or one that is too long, is refused")
    func bounds() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await visitor(upstream)
        _ = try await visitor.leave()
        #expect(try await visitor.comeBack([("response", "AAAA")]).status == .gone)
        let sealed = try visitor.issuer.core.sealer.seal("state=s&code=c", for: .interaction)
        #expect(try await visitor.comeBack([("response", sealed)]).status == .gone)
        // nginx accepts request lines of 8,192 bytes by default.
        func code(_ count: Int) async throws -> Response {
            try await post(visitor, [("state", "s"), ("code", String(repeating: "c", count: count))])
        }
        #expect(try #require(await code(4_980).headers[.location]).utf8.count < 7_000)
        #expect(try await code(5_000).status == .contentTooLarge)
        #expect(try await post(visitor, [("code", "c")]).status == .seeOther)
    }

    @Test("parameters that mean nothing are not carried along")
    func unknown() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await visitor(upstream)
        let answer = try await upstream.authorize(visitor.leave())
        let short = try await post(visitor, answer).headers[.location]?.utf8.count
        let long = try await post(visitor, answer + [("extra", String(repeating: "x", count: 9_000))])
        #expect(long.headers[.location]?.utf8.count == short)
    }

    /// Apple's only form with a name.
    private static let user = #"{"name":{"firstName":"Alice","lastName":"Liddell"},"email":"forged@example.com"}"#

    @Test(
        "the name beside Apple's first code fills gaps, and nothing else in it counts",
        arguments: [
            (Self.user, "Alice", "Liddell"), (#"{"name":{"firstName":"Alice"}}"#, "Alice", nil),
            (#"{"name":{"firstName":7,"lastName":"\u0000"}}"#, nil, nil), (#"{"name":"Alice"}"#, nil, nil),
            ("[]", nil, nil), ("", nil, nil),
        ] as [(String, String?, String?)])
    func appleName(_ user: String, given: String?, family: String?) throws {
        let response = try UpstreamResponse(Parameters([("state", "s"), ("user", user)]))
        let identity = UpstreamIdentity(
            upstream: Identifier(rawValue: "apple"), subject: "u-1", claims: ["sub": "u-1"], email: nil,
            isEmailVerified: false, context: .singleFactor, authenticatedAt: nil, session: nil, idToken: nil,
            tokens: UpstreamTokens(accessToken: "a", refreshToken: nil, scope: nil, expiresAt: nil))
        let apple = try Upstream([
            "preset": "apple", "client_id": "c", "team_id": "T123456789", "key_id": "K123456789",
        ])
        let completed = response.completing(identity, of: apple)
        #expect(completed.claims["given_name"]?.string == given)
        #expect(completed.claims["family_name"]?.string == family)
        #expect(completed.claims["email"] == nil)
        #expect(completed.email == nil)
        #expect(completed.subject == "u-1")
        var signed = identity
        signed.claims["given_name"] = "Signed"
        #expect(response.completing(signed, of: apple).claims["given_name"] == "Signed")
        let other = try Upstream(["preset": "google", "client_id": "c"])
        #expect(response.completing(identity, of: other).claims["given_name"] == nil)
    }

    @Test("Apple's email_verified may be the text true")
    func appleText() throws {
        let apple = try Upstream([
            "preset": "apple", "client_id": "c", "team_id": "T123456789", "key_id": "K123456789",
        ])
        for (flag, expected) in [("true", true), ("false", false), (true, true), (false, false)] as [(JSON, Bool)] {
            let claims: JSONObject = ["email": "a@example.com", "email_verified": flag]
            #expect(apple.claims.isEmailVerified(in: claims) == expected)
        }
    }
}
