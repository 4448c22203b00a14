import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("Several issuers in one process")
struct IssuerTests {
    @Test(
        "the origin is serialized as in browsers (RFC 6454 §6.2), and the host excludes the port",
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

    @Test("nothing issued by one issuer works at another, even with equal names in the same database")
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
        "issuer identifiers use https, or http on a loopback host, without query, fragment or trailing slash",
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
