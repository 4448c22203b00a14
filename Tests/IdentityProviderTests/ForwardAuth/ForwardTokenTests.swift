import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Forward authentication of programs with access tokens")
struct ForwardTokenTests {
    /// A request to an application behind a proxy, as the proxy passes it on.
    private func ask(
        _ client: DPoPClient, _ token: String?, at host: String = "wiki.example", scheme: String = "DPoP",
        proofs: [String]? = nil, method: String? = "POST", _ more: HTTPFields = [:]
    ) async throws -> Response {
        var headers: HTTPFields = [
            .forwardedProto: "https", .forwardedHost: host, .forwardedURI: "/page?a=1", .accept: "text/html,*/*",
            HTTPField.Name("Sec-Fetch-Mode")!: "navigate",
        ]
        headers[.forwardedMethod] = method
        headers[.authorization] = token.map { "\(scheme) \($0)" }
        for field in more { headers[field.name] = field.value }
        let valid = try await client.key.proof(
            "POST", "https://\(host)/page", at: client.issuer.clock.now, token: token)
        for proof in proofs ?? [valid] { headers.append(HTTPField(name: .dpop, value: proof)) }
        return try await client.issuer.send(.get, "/api/auth/forward", headers: headers)
    }

    private func field(_ response: Response, _ name: String) -> String? {
        HTTPField.Name(name).flatMap { response.headers[$0] }
    }

    @Test("a program reaches the application with its user's token, and the application learns who the user is")
    func way() async throws {
        let client = try await DPoPClient()
        for (scheme, proofs) in [("DPoP", nil), ("Bearer", [])] as [(String, [String]?)] {
            let token = try await client.tokens(scope: "orders.read", proofs: proofs)["access_token"]?.string
            let answer = try await ask(client, token, scheme: scheme, proofs: proofs)
            #expect(answer.status == .noContent)
            #expect(field(answer, "Remote-User") == "alice")
            #expect(field(answer, "Remote-Email") == "alice@example.com")
            #expect(field(answer, "Remote-Roles") == "editor")
            #expect(answer.headers[.cacheControl] == "no-store")
            #expect(answer.headers[.setCookie] == nil)
        }
    }

    @Test("a bad token or proof is refused with a challenge, never redirected, even for a page")
    func refusals() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens(scope: "orders.read")["access_token"]?.string ?? ""
        let other = try client.other()
        let used = try await client.key.proof(
            "POST", "https://wiki.example/page", at: client.issuer.clock.now, token: token)
        #expect(try await ask(client, token, proofs: [used]).status == .noContent)
        let elsewhere = try await client.key.proof(
            "POST", "https://open.example/page", at: client.issuer.clock.now, token: token)
        let answers = [
            try await ask(client, token, proofs: []), try await ask(client, token, proofs: [used]),
            try await ask(client, token, proofs: [elsewhere]), try await ask(client, token, method: "GET"),
            try await ask(other, token), try await ask(client, token, scheme: "Bearer"),
            try await ask(client, "x"), try await ask(client, "x", scheme: "Bearer"),
            try await ask(client, client.tokens(scope: "openid")["access_token"]?.string),
            try await ask(
                client, client.tokens(scope: "openid", proofs: [])["access_token"]?.string, scheme: "Bearer"),
        ]
        for answer in answers {
            #expect(answer.status == .unauthorized)
            #expect(answer.headers[.location] == nil)
            #expect(answer.headers[.setCookie] == nil)
            #expect(answer.challenge.contains("error="))
            #expect(field(answer, "Remote-User") == nil)
        }
    }

    @Test("a proxy that doesn't report the method can't pass on proofs: one for GET must not serve for DELETE")
    func method() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens(scope: "orders.read")["access_token"]?.string
        let proof = try await client.key.proof(
            "GET", "https://wiki.example/page", at: client.issuer.clock.now, token: token)
        let answer = try await ask(client, token, proofs: [proof], method: nil)
        #expect(answer.status == .badRequest)
        #expect(try await ask(client, token, proofs: [proof], method: "GET").status == .noContent)
    }

    @Test("roles and permissions are demanded as of users, as assigned now")
    func roles() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens(scope: "orders.read", as: "bob", password: "battery staple")[
            "access_token"]?
            .string
        let refused = try await ask(client, token)
        #expect(refused.status == .forbidden)
        #expect(refused.challenge.hasPrefix("DPoP realm=\"martlet\", error=\"insufficient_scope\""))
        #expect(try await ask(client, token, at: "open.example").status == .noContent)
        let bob = try #require(try await client.issuer.stores.users.find(named: "bob"))
        try await client.issuer.administration.assign(Membership(roles: ["editor"]), to: bob.id)
        #expect(try await ask(client, token).status == .noContent)
        try await client.issuer.administration.setDisabled(true, bob)
        #expect(try await ask(client, token).status == .unauthorized)
    }

    @Test("a token without a user is admitted only where no role or permission is demanded, and names nobody")
    func machine() async throws {
        let client = try await DPoPClient()
        let token = try await client.ownToken(scope: "orders.read").json()["access_token"]?.string
        #expect(try await ask(client, token).status == .forbidden)
        #expect(try await ask(client, token, at: "strict.example").status == .unauthorized)
        let answer = try await ask(client, token, at: "open.example")
        #expect(answer.status == .noContent)
        for name in ["User", "Subject", "Name", "Email", "Groups", "Roles"] {
            #expect(field(answer, "Remote-\(name)") == "")
        }
    }

    @Test("the application's minimum_acr applies to the sign-in behind the token")
    func minimum() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens(scope: "orders.read")["access_token"]?.string
        let refused = try await ask(client, token, at: "strict.example")
        #expect(refused.status == .unauthorized)
        #expect(refused.challenge.hasPrefix("DPoP realm=\"martlet\", error=\"insufficient_user_authentication\""))
        #expect(refused.challenge.contains("acr_values=\"urn:martlet:acr:2\""))
    }

    @Test("an application without resource, or whose tokens are opaque, takes no tokens")
    func resource() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens(scope: "orders.read")["access_token"]?.string
        // As before, only the cookie counts.
        #expect(try await ask(client, token, at: "browsers.example", method: "GET").status == .found)
        let opaque = try await client.ownToken(scope: "reports.read").json()["access_token"]?.string
        #expect(try await ask(client, opaque, at: "opaque.example").status == .unauthorized)
        // Another scheme is the application's business.
        #expect(
            try await ask(client, "YTpi", scheme: "Basic", method: "GET").status == .found)
    }

    @Test("a token decides alone: a pass next to it neither helps nor counts")
    func pass() async throws {
        let client = try await DPoPClient()
        let issuer = client.issuer
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        let tokens = try await client.tokens(scope: "openid orders.read")
        let session = try #require(try await issuer.stores.sessions.sessions(of: alice.id, at: issuer.clock.now).first)
        let pass = try issuer.core.sealer.seal(
            ForwardPass(origin: "https://wiki.example", session: session.id), for: .forwardPass)
        let cookie: HTTPFields = [.cookie: "__Host-martlet-forward=\(pass)"]
        #expect(try await ask(client, nil, proofs: [], method: "GET", cookie).status == .noContent)
        #expect(try await ask(client, "x", cookie).status == .unauthorized)
        #expect(try await ask(client, tokens["access_token"]?.string, cookie).status == .noContent)
    }

    @Test("the proxy passes the demand for a nonce on")
    func nonces() async throws {
        let client = try await DPoPClient { $0.requiresDPoPNonces = true }
        let nonce = try #require(try await client.ownToken().headers[.dpopNonce])
        let proof = try await client.proof("POST", "/token", nonce: nonce)
        let token = try await client.tokens(scope: "orders.read", proofs: [proof])["access_token"]?.string
        let refused = try await ask(client, token)
        #expect(refused.status == .unauthorized)
        #expect(refused.challenge.contains("use_dpop_nonce"))
        let next = try #require(refused.headers[.dpopNonce])
        let good = try await client.key.proof(
            "POST", "https://wiki.example/page", at: client.issuer.clock.now, token: token, nonce: next)
        #expect(try await ask(client, token, proofs: [good]).status == .noContent)
    }

    @Test("of concurrent requests with one proof, exactly one passes", arguments: TestEngine.allCases)
    func race(_ engine: TestEngine) async throws {
        let client = try await DPoPClient(TestDatabase(engine))
        let token = try await client.tokens(scope: "orders.read")["access_token"]?.string
        let proof = try await client.key.proof(
            "POST", "https://wiki.example/page", at: client.issuer.clock.now, token: token)
        let statuses = try await TestSupport.race(12) { _ in
            try await ask(client, token, proofs: [proof]).status
        }
        #expect(statuses.count { $0 == .noContent } == 1)
        #expect(statuses.count { $0 == .unauthorized } == 11)
    }
}
