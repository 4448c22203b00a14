import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Plain OAuth 2 providers as upstreams (RFC 6749)")
struct OAuth2UpstreamTests {
    private static let emails: JSON = [
        ["email": "old@example.com", "primary": false, "verified": true],
        ["email": "alice@example.com", "primary": true, "verified": true],
    ]

    /// A provider like GitHub.
    private func upstream(user: JSONObject, emails: JSON = emails) throws -> CannedUpstream {
        let upstream = try CannedUpstream()
        upstream.change {
            $0.tokens = ["id_token": .null, "token_type": "bearer", "expires_in": .null]
            $0.answers["/userinfo"] = { _ in .json(user) }
            $0.answers["/emails"] = { _ in FetchResponse(status: 200, body: emails.serialized()) }
        }
        return upstream
    }

    private func visitor(_ upstream: CannedUpstream, _ more: JSONObject = [:]) async throws -> UpstreamVisitor {
        var resource: JSONObject = [
            "id": "up", "client_id": "martlet", "client_secret": "upstream-secret",
            "authorization_endpoint": "https://up.example/authorize", "token_endpoint": "https://up.example/token",
            "userinfo_endpoint": "https://up.example/userinfo", "emails_endpoint": "https://up.example/emails",
            "scope": "read:user", "claims": ["sub": "id", "preferred_username": "login"],
        ]
        resource.merge(more)
        let issuer = try await TestIssuer(resources: TestIssuer.resources(with: resource), fetcher: upstream)
        try await issuer.link("alice", to: "up", subject: "583231")
        return UpstreamVisitor(issuer)
    }

    private func answer(_ upstream: CannedUpstream, _ location: String) throws -> [(String, String)] {
        try upstream.authorize(location).filter { $0.0 != "iss" }
    }

    @Test("a user is recognized by the mapped claim, a number or a text")
    func subject() async throws {
        for id in [583_231, "583231"] as [JSON] {
            let upstream = try upstream(user: ["id": id, "login": "alice"])
            let visitor = try await visitor(upstream)
            let location = try await visitor.leave()
            let sent = try parameters(of: location)
            #expect(sent["scope"] == "read:user")
            #expect(sent["nonce"] == nil)
            #expect(sent["code_challenge"] != nil)
            #expect(try await visitor.comeBack(answer(upstream, location)).upstreamProblem == nil)
            #expect(visitor.browser.cookie("session") != nil)
            for path in ["/userinfo", "/emails"] {
                #expect(upstream.asked(path).map { $0.headers[.authorization] } == ["Bearer access-1"])
            }
            #expect(upstream.asked("/.well-known/openid-configuration").isEmpty)
            #expect(upstream.asked("/jwks").isEmpty)
        }
    }

    @Test(
        "a response that doesn't identify a user is refused",
        arguments: [[:], ["id": .null], ["id": ""], ["id": .number(1.5)], ["id": true], ["id": [1]], ["sub": "583231"]]
            as [JSONObject])
    func noSubject(_ user: JSONObject) async throws {
        let upstream = try upstream(user: user)
        let visitor = try await visitor(upstream)
        let back = try await visitor.comeBack(answer(upstream, visitor.leave()))
        #expect(back.upstreamProblem == "invalid")
    }

    @Test(
        "the address is the primary one of the list, and counts only if the list says that it is verified",
        arguments: [
            (emails, "alice@example.com", true), ([["email": "a@b.example", "primary": true]], "a@b.example", false),
            ([["email": "a@b.example", "primary": true, "verified": "true"]], "a@b.example", false),
            ([["email": "a@b.example", "verified": true]], nil, false), ([], nil, false), ([7], nil, false),
        ] as [(JSON, String?, Bool)])
    func email(_ emails: JSON, address: String?, isVerified: Bool) async throws {
        let user: JSONObject = ["id": 583_231, "email": "profile@example.com", "email_verified": true]
        let visitor = try await visitor(upstream(user: user, emails: emails))
        let registered = try #require(try await visitor.issuer.core.upstreams.findEnabled(Identifier(rawValue: "up")))
        let client = UpstreamUserInfo(UpstreamFetches(visitor.issuer.core.fetcher))
        let metadata = try await UpstreamClient(visitor.issuer.core).metadata(of: registered)
        let (subject, claims) = try await client.identity("access-1", at: metadata, of: registered)
        #expect(subject == "583231")
        #expect(registered.claims.email(in: claims) == address)
        #expect(registered.claims.isEmailVerified(in: claims) == isVerified)
    }

    @Test("an error with status 200 is an error, as GitHub sends it")
    func error() async throws {
        let upstream = try upstream(user: ["id": 583_231])
        upstream.change { $0.answers["/token"] = { _ in .json(["error": "bad_verification_code"]) } }
        let visitor = try await visitor(upstream)
        #expect(try await visitor.comeBack(answer(upstream, visitor.leave())).upstreamProblem == "invalid")
    }

    @Test(
        "an iss that the operator didn't announce, or another than announced, is refused (RFC 9207 §2.4)",
        arguments: [
            (nil, "https://up.example", "invalid"), ("https://up.example", "https://up.example", nil),
            ("https://up.example", nil, nil), ("https://up.example", "https://other.example", "invalid"),
        ] as [(String?, String?, String?)])
    func issuer(_ announced: String?, sent: String?, problem: String?) async throws {
        let upstream = try upstream(user: ["id": 583_231])
        var members: JSONObject = [:]
        members["issuer"] = announced.map(JSON.string)
        let visitor = try await visitor(upstream, members)
        let answer = try await answer(upstream, visitor.leave()) + (sent.map { [("iss", $0)] } ?? [])
        #expect(try await visitor.comeBack(answer).upstreamProblem == problem)
    }

    @Test("a provider that can't say when the user signed in is stale if that is demanded")
    func stale() async throws {
        let upstream = try upstream(user: ["id": 583_231])
        let visitor = try await visitor(upstream)
        let location = try await visitor.leave(Browser.webRequest([("prompt", "login")]))
        #expect(try await visitor.comeBack(answer(upstream, location)).upstreamProblem == "stale")
    }

    @Test("an authorization endpoint may have a query of its own (RFC 6749 §3.1), and PKCE may be off")
    func query() async throws {
        let upstream = try upstream(user: ["id": 583_231])
        let visitor = try await visitor(
            upstream, ["authorization_endpoint": "https://up.example/authorize?tenant=a", "pkce": "off"])
        let location = try await visitor.leave()
        #expect(location.hasPrefix("https://up.example/authorize?tenant=a&response_type=code&"))
        #expect(try parameters(of: location)["code_challenge"] == nil)
        #expect(try await visitor.comeBack(answer(upstream, location)).upstreamProblem == nil)
        let request = try #require(upstream.asked("/token").first)
        #expect(!String(decoding: request.body, as: UTF8.self).contains("code_verifier"))
    }
}
