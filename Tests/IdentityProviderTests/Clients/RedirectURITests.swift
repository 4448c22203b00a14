import IdentityProvider
import Testing

@Suite("RFC 6749 §3.1.2, RFC 8252: redirection URIs")
struct RedirectURITests {
    @Test(
        "only safe URIs can be registered",
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
        "URIs are compared exactly, except for the port of a loopback address",
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
