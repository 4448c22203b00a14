import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import SQLStorage
import TestSupport
import Testing

@Suite("RFC 6749 Appendix B: forms and queries")
struct ParametersTests {
    @Test(
        "what is malformed is refused",
        arguments: ["a=%", "a=%2", "a=%zz", "a=%FF", "a=%00", "a=%01", "a=1&a=2", "a\u{0}=1", "%61=1&a=2", "a=b c"])
    func refused(_ text: String) {
        #expect(throws: OAuthError.self) { try Parameters(parsing: text, limits: Limits()) }
    }

    @Test("values are decoded, an empty one counts as missing, resource may repeat")
    func values() throws {
        let parameters = try Parameters(
            parsing: "a=1+2%2B%C3%A9&b=&c&resource=x&resource=y&state=%26%3D", limits: Limits())
        #expect(parameters["a"] == "1 2+é")
        #expect(parameters["b"] == nil)
        #expect(parameters["c"] == nil)
        #expect(parameters["state"] == "&=")
        #expect(parameters.all("resource") == ["x", "y"])
    }

    @Test("there are bounds")
    func bounds() {
        let many = (0..<65).map { "p\($0)=1" }.joined(separator: "&")
        #expect(throws: OAuthError.self) { try Parameters(parsing: many, limits: Limits()) }
        let long = "a=" + String(repeating: "x", count: 16_385)
        #expect(throws: OAuthError.self) { try Parameters(parsing: long, limits: Limits()) }
    }

    @Test(
        "a body of another type is refused with 415",
        arguments: ["application/json", "text/plain", "multipart/form-data"])
    func bodyType(_ type: String) {
        let error = #expect(throws: OAuthError.self) {
            try Request(method: .post, path: "/token", headers: [.contentType: type], body: Array("a=1".utf8))
        }
        #expect(error?.status == .unsupportedMediaType)
    }
}

@Suite("Sealed values")
struct SealerTests {
    private let first = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    private let second = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

    private func sealer(_ keys: String, _ issuer: String = "https://id.example.com") async throws -> Sealer {
        let issuer = try Issuer(issuer)
        // Without rows the master keys seal by themselves, as they did before there were data keys.
        let store = try await TestDatabase().backend.stores(for: issuer).dataKeys
        let vault = KeyVault(issuer, store: store, masterKeys: try MasterKeys(parsing: keys))
        try await vault.load()
        return Sealer(vault)
    }

    @Test("opens for the purpose, issuer and keys it was sealed for, and for nothing else")
    func binding() async throws {
        let purpose = SealedPurpose.transit("one") { _ in 60 }
        let (own, other) = (try await sealer(first), try await sealer(second))
        let elsewhere = try await sealer(first, "https://other.example.com")
        let sealed = try own.seal(["a": 1], for: purpose)
        #expect(try own.open([String: Int].self, from: sealed, for: purpose) == ["a": 1])
        #expect(
            try await sealer(second + "\n" + first).open([String: Int].self, from: sealed, for: purpose) == ["a": 1])
        #expect(throws: NotOurs.self) {
            try own.open([String: Int].self, from: sealed, for: .transit("two") { _ in 60 })
        }
        for stranger in [other, elsewhere] {
            #expect(throws: NotOurs.self) { try stranger.open([String: Int].self, from: sealed, for: purpose) }
        }
    }

    @Test("no bit may change, and nothing shorter opens")
    func integrity() async throws {
        let purpose = SealedPurpose.transit("one") { _ in 60 }
        let sealer = try await sealer(first)
        let sealed: [UInt8] = try sealer.seal(Array("secret".utf8), for: purpose)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: NotOurs.self) { try sealer.open(changed, for: purpose) }
            #expect(throws: NotOurs.self) { try sealer.open(Array(sealed.prefix(index)), for: purpose) }
        }
    }

    @Test("the same value never looks the same twice")
    func randomness() async throws {
        let purpose = SealedPurpose.transit("one") { _ in 60 }
        let sealer = try await sealer(first)
        let values = try (0..<100).map { _ in try sealer.seal(["a": 1], for: purpose) }
        #expect(Set(values).count == 100)
    }
}

@Suite("RFC 6749 §3.1.2, RFC 8252: redirection URIs")
struct RedirectURITests {
    @Test(
        "what may be registered",
        arguments: [
            ("https://a.example/cb", true), ("https://a.example/cb?x=1", true), ("http://127.0.0.1/cb", true),
            ("http://[::1]:80/cb", true), ("http://localhost:3000/cb", true), ("com.example.app:/cb", true),
            ("http://a.example/cb", false), ("https://a.example/#f", false), ("https://*.example/cb", false),
            ("javascript:alert(1)", false), ("data:text/html,x", false), ("myapp:/cb", false), ("/cb", false),
            ("", false),
            ("https://a.example/\nx", false), ("https://user:pw@a.example/", false), ("https:///cb", false),
        ])
    func registered(_ text: String, _ isGood: Bool) {
        #expect(((try? RedirectURI(text)) != nil) == isGood)
    }

    @Test(
        "exact comparison, but for the port of a loopback address",
        arguments: [
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb", true),
            ("http://127.0.0.1:80/cb", "http://127.0.0.1:5000/cb", true),
            ("http://[::1]/cb", "http://[::1]:5000/cb", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb/", false),
            ("https://a.example/K", "https://a.example/\u{212A}", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", false),
            ("http://127.0.0.1/cb", "https://127.0.0.1/cb", false),
            ("http://localhost:3000/cb", "http://localhost:3001/cb", false),
            ("https://a.example/cb", "https://a.example:443/cb", false),
        ])
    func matching(_ registered: String, _ requested: String, _ isMatch: Bool) throws {
        #expect(try RedirectURI(registered).matches(requested) == isMatch)
    }
}

@Suite("Rate limits")
struct RateLimiterTests {
    @Test("a burst is allowed, then so many a minute, each key for itself")
    func bucket() async {
        let limiter = RateLimiter()
        let limit = RateLimit(burst: 3, perMinute: 60)
        let start = Date(timeIntervalSince1970: 0)
        for _ in 0..<3 { #expect(limiter.take("a", of: limit, at: start) == nil) }
        #expect(limiter.take("a", of: limit, at: start) == 1)
        #expect(limiter.take("b", of: limit, at: start) == nil)
        #expect(limiter.take("a", of: limit, at: start.addingTimeInterval(1)) == nil)
        #expect(limiter.take("a", of: limit, at: start.addingTimeInterval(1)) == 1)
    }

    @Test("of 64 tasks as many pass as there are tokens")
    func race() async {
        let limiter = RateLimiter()
        let limit = RateLimit(burst: 10, perMinute: 1)
        let passed = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 {
                group.addTask { limiter.take("a", of: limit, at: Date(timeIntervalSince1970: 0)) == nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(passed == 10)
    }

    @Test("a flood of names does not grow without bound, nor free those who are limited")
    func memory() async {
        let limiter = RateLimiter(maximumCount: 100)
        let limit = RateLimit(burst: 2, perMinute: 1)
        let now = Date(timeIntervalSince1970: 0)
        for _ in 0..<2 { _ = limiter.take("victim", of: limit, at: now) }
        for index in 0..<1_000 { _ = limiter.take("n\(index)", of: limit, at: now) }
        #expect(limiter.take("victim", of: limit, at: now) != nil)
    }
}

@Suite("Errors")
struct OAuthErrorTests {
    private struct Private: Error { let path = "/secret" }

    @Test("what is not meant for the client is server_error and says nothing")
    func reporting() throws {
        let error = OAuthError(reporting: Private())
        #expect(error.code == .serverError)
        #expect(error.status == .internalServerError)
        let body = try Response.json(error).json()
        #expect(body == ["error": "server_error", "error_description": "internal error"])
    }
}
