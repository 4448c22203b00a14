import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("Several issuers in one process")
struct IssuerTests {
    @Test(
        "the origin is as browsers write it (RFC 6454 §6.2), the host without its port",
        arguments: [
            ("https://id.example.com", "id.example.com", "https://id.example.com"),
            ("https://ID.Example.com:443/a", "id.example.com", "https://id.example.com"),
            ("https://id.example.com:8443/a/b", "id.example.com", "https://id.example.com:8443"),
            ("http://localhost:8080", "localhost", "http://localhost:8080"),
            ("http://localhost:80", "localhost", "http://localhost"),
            ("http://[::1]:8080", "::1", "http://[::1]:8080"),
        ])
    func origins(_ identifier: String, _ host: String, _ origin: String) throws {
        let issuer = try Issuer(identifier)
        #expect(issuer.host.filter { $0 != "[" && $0 != "]" } == host)
        #expect(issuer.origin == origin)
    }

    @Test("nothing of one issuer is good at another, though names and database are the same")
    func isolation() async throws {
        let database = try await TestDatabase()
        let first = try await TestIssuer("https://one.example.com", database: database)
        let second = try await TestIssuer("https://two.example.com", database: database)
        let browser = Browser(first)
        let code = try await browser.code()
        let tokens = try await first.redeem(browser.code(scope: "openid offline_access")).json()
        #expect(try await second.redeem(code).json()["error"] == "invalid_grant")
        #expect(try await first.redeem(code).status == .ok)
        let access = try #require(tokens["access_token"]?.string)
        let bearer: HTTPFields = [.authorization: "Bearer \(access)"]
        #expect(try await first.send(.get, "/userinfo", headers: bearer).status == .ok)
        #expect(try await second.send(.get, "/userinfo", headers: bearer).status == .unauthorized)
        #expect(try await second.token([("token", access)], at: "/introspect").json() == ["active": false])
        let refresh = tokens["refresh_token"]?.string ?? ""
        #expect(try await second.refresh(refresh).json()["error"] == "invalid_grant")
        let keys = try await (first.keys().keys.map(\.keyID), second.keys().keys.map(\.keyID))
        #expect(Set(keys.0).isDisjoint(with: keys.1))
        let stranger = try await second.send(
            .get, "/authorize",
            query: FormEncoding.encode(Browser.webRequest([("prompt", "none")]).map { (name: $0.0, value: $0.1) }),
            headers: [.cookie: browser.cookieHeader])
        #expect(try stranger.answer()["error"] == "login_required")
    }

    @Test(
        "what can be an issuer identifier",
        arguments: [
            ("https://id.example.com", true), ("https://id.example.com/tenant", true), ("http://localhost:8080", true),
            ("http://127.0.0.1:1", true), ("http://id.example.com", false), ("https://id.example.com/", false),
            ("https://id.example.com?x", false), ("https://id.example.com#x", false), ("ftp://x.example", false),
            ("id.example.com", false), ("https://", false), ("https://user@id.example.com", false),
        ])
    func identifiers(_ text: String, _ isGood: Bool) {
        #expect(((try? Issuer(text)) != nil) == isGood)
    }
}

@Suite("RFC 8414, OpenID Connect Discovery: metadata")
struct MetadataTests {
    @Test("every endpoint that is named answers, and what is said is what is done")
    func document() async throws {
        let issuer = try await TestIssuer()
        let document = try await issuer.send(.get, "/.well-known/openid-configuration").json()
        #expect(document["issuer"] == "https://id.example.com")
        for name in document.names where name.hasSuffix("_endpoint") || name == "jwks_uri" {
            let path = String(try #require(document[name]?.string).dropFirst("https://id.example.com".count))
            let routes = issuer.provider.endpoints.flatMap(\.routes)
            #expect(routes.contains { $0.path == path }, "\(name)")
        }
        #expect(document["request_uri_parameter_supported"] == false)
        #expect(document["authorization_response_iss_parameter_supported"] == true)
        #expect(document["code_challenge_methods_supported"] == ["S256"])
        let other = try await issuer.send(.get, "/.well-known/oauth-authorization-server").json()
        #expect(other == document)
    }

    @Test("an answer that has not changed is not sent again")
    func validators() async throws {
        let issuer = try await TestIssuer()
        for path in ["/jwks", "/.well-known/openid-configuration"] {
            let first = try await issuer.send(.get, path)
            let tag = try #require(first.headers[.eTag])
            let second = try await issuer.send(.get, path, headers: [.ifNoneMatch: tag])
            #expect(second.status == .notModified)
            #expect(first.headers[.cacheControl]?.contains("max-age") == true)
        }
    }

    @Test("the JWK Set holds public keys only, each with its own kid")
    func keys() async throws {
        let issuer = try await TestIssuer()
        let set = try await issuer.send(.get, "/jwks").json()
        let keys = try #require(set["keys"]?.array).compactMap(\.object)
        #expect(keys.count == 2)
        #expect(Set(keys.map { $0["kid"] }).count == 2)
        for key in keys { for name in ["d", "p", "q", "k"] { #expect(key[name] == nil) } }
    }
}
