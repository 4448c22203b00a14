import HTTPTypes
import Testing

@testable import IdentityProvider

@Suite("RFC 6265 §5.4: cookies")
struct CookieTests {
    @Test(
        "a cookie is matched by its exact name",
        arguments: [
            ("__Host-martlet-session=x", "x"), ("a=b; __Host-martlet-session=x; c", "x"),
            ("__Host-martlet-session=x=y", "x=y"), ("__Host-martlet-session=; __Host-martlet-session=x", "x"),
            ("__Host-martlet-session=x; __Host-martlet-session=y", "x"), ("__Host-martlet-session", nil),
            // A nameless cookie could otherwise bypass the prefix that keeps sibling domains from setting the cookie.
            ("=__Host-martlet-session=x", nil), ("a=__Host-martlet-session=x", nil), ("__host-martlet-session=x", nil),
            // A combining mark that merges with the character before it.
            ("__Host-martlet-session=x;\u{301}a=b", "x"), ("a=b;\u{301}__Host-martlet-session=x", nil),
        ] as [(String, String?)])
    func value(_ field: String, _ expected: String?) throws {
        let cookie = Cookie("session", of: try Issuer("https://id.example.com"))
        let request = try Request(method: .get, path: "/", headers: [.cookie: field])
        #expect(cookie.value(in: request) == expected)
    }
}
