import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

/// Another Martlet behind the fetcher.
private struct MartletFetcher: Fetcher {
    let issuer: TestIssuer

    func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
        guard request.url.hasPrefix(issuer.issuer.identifier) else { throw FetchError.unknownHost(request.url) }
        let path = String(request.url.dropFirst(issuer.issuer.identifier.count))
        let form = try Parameters(parsing: String(decoding: request.body, as: UTF8.self), limits: Limits())
        let response = try await issuer.send(
            request.method, path, form: form.names.compactMap { name in form[name].map { (name, $0) } },
            headers: request.headers)
        guard case .bytes(let body) = response.body else { throw Unexpected("got a page") }
        let fetched = FetchResponse(status: response.status.code, headers: response.headers, body: body)
        guard response.status.kind == .successful else {
            throw FetchError.unsuccessful(host: issuer.issuer.host, fetched)
        }
        return fetched
    }
}

@Suite("Another Martlet as an upstream")
struct MartletUpstreamTests {
    /// How Martlet authenticates at the other one.
    enum Method: CaseIterable {
        case secret, key
    }

    private static let redirectURI = "https://id.example.com/upstream/up/callback"

    /// Creates an issuer with another one as its upstream. `alice` has an account at both, and both are linked.
    private func visitor(_ method: Method = .secret) async throws -> (UpstreamVisitor, other: TestIssuer) {
        let key = try PrivateKey(pem: UpstreamClientCredentialTests.pem, for: .es256)
        var client: JSONObject = [
            "client_id": "martlet", "redirect_uris": [.string(Self.redirectURI)], "consent": "skip",
            "scope": "openid profile email",
        ]
        var upstream: JSONObject = [
            "preset": "martlet", "id": "up", "issuer": "https://up.example", "client_id": "martlet",
            "assurance": [
                "acr": ["urn:martlet:acr:2": "urn:martlet:acr:2", "urn:martlet:acr:3": "urn:martlet:acr:3"]
            ],
        ]
        switch method {
        case .secret:
            client["client_secret"] = "secret-secret-secret-secret"
            upstream["client_secret"] = "secret-secret-secret-secret"
        case .key:
            client["token_endpoint_auth_method"] = "private_key_jwt"
            client["jwks"] = .object(JWKSet(keys: [key.publicKey(keyID: "k")]).object)
            upstream["token_endpoint_auth_method"] = "private_key_jwt"
            upstream["private_key"] = .string(UpstreamClientCredentialTests.pem)
            upstream["key_id"] = "k"
        }
        var document = try JSONObject(parsing: Array(TestIssuer.resources.utf8))
        document["clients"] = [.object(client)]
        document["resource_servers"] = nil
        let other = try await TestIssuer(
            "https://up.example", resources: String(decoding: document.serialized(), as: UTF8.self))
        let issuer = try await TestIssuer(
            resources: TestIssuer.resources(with: upstream), fetcher: MartletFetcher(issuer: other))
        for name in ["alice", "bob"] {
            let user = try #require(try await other.stores.users.find(named: name))
            try await issuer.link(name, to: "up", subject: user.id.rawValue)
        }
        return (UpstreamVisitor(issuer), other)
    }

    /// Signs in at the other issuer and returns the parameters of its response.
    private func answer(
        _ location: String, at other: TestIssuer, in browser: Browser, as name: String = "alice",
        password: String = "correct horse"
    ) async throws -> [(String, String)] {
        let sent = try parameters(of: location)
        var response = try await browser.authorize(
            sent.names.compactMap { name in sent[name].map { (name, $0) } }, as: name, password: password)
        if case .page(let page) = response.body, page.template == "second-factor" {
            response = try await browser.submit(page, [("code", try other.code())])
        }
        #expect(response.headers[.location]?.hasPrefix(Self.redirectURI) == true)
        let answer = try response.answer()
        return answer.names.compactMap { name in answer[name].map { (name, $0) } }
    }

    @Test("a user signs in there and is signed in here", arguments: Method.allCases)
    func signIn(_ method: Method) async throws {
        let (visitor, other) = try await visitor(method)
        let back = try await visitor.comeBack(answer(visitor.leave(), at: other, in: Browser(other)))
        #expect(back.upstreamProblem == nil)
        #expect(visitor.browser.cookie("session") != nil)
    }

    @Test("a second factor there counts here, if the operator says so")
    func secondFactor() async throws {
        let (visitor, other) = try await visitor()
        let request = Browser.webRequest([("acr_values", "urn:martlet:acr:2")])
        let location = try await visitor.leave(request)
        #expect(try parameters(of: location)["acr_values"] == "urn:martlet:acr:2 urn:martlet:acr:3")
        let back = try await visitor.comeBack(
            answer(location, at: other, in: Browser(other), as: "bob", password: "battery staple"))
        let page = try await visitor.browser.follow(back).page()
        #expect(page.template == "consent")
        let code = try await visitor.browser.submit(page, [("decision", "allow")]).answer().required("code")
        let tokens = try await visitor.issuer.redeem(code).json()
        #expect(try JWTClaims.of(tokens["id_token"]?.string)["acr"] == "urn:martlet:acr:2")
    }

    @Test("prompt=login signs the user in again there, and the new auth_time satisfies it here")
    func again() async throws {
        let (visitor, other) = try await visitor()
        let there = Browser(other)
        _ = try await visitor.comeBack(answer(visitor.leave(), at: other, in: there))
        for clock in [other.clock, visitor.issuer.clock] { clock.advance(by: 1_000) }
        let again = UpstreamVisitor(visitor.issuer)
        let location = try await again.leave(Browser.webRequest([("prompt", "login")]))
        let sent = try parameters(of: location)
        #expect(sent["prompt"] == "login")
        #expect(sent["max_age"] == "0")
        let page = try await there.get(
            "/authorize", sent.names.compactMap { name in sent[name].map { (name, $0) } }
        ).page()
        #expect(page.template == "sign-in")
        let answered = try await there.submit(page, [("username", "alice"), ("password", "correct horse")]).answer()
        let back = try await again.comeBack(
            answered.names.compactMap { name in answered[name].map { (name, $0) } })
        #expect(back.upstreamProblem == nil)
        #expect(again.browser.cookie("session") != nil)
    }
}
