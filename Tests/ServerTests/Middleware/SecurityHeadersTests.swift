import IdentityProvider
import Testing

@testable import Server

@Suite("Security headers on every response", .timeLimit(.minutes(1)))
struct SecurityHeadersTests {
    @Test(
        "every response has the security headers",
        arguments: [
            "/echo", "/page", "/page?fail=1", "/nothing", "/defect", "/.well-known/shared", "/shared", "/echo?text=%zz",
        ])
    func everywhere(_ path: String) async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                let fields = try await client.get("http://127.0.0.1:\(server.port)\(path)").fields
                #expect(fields["x-content-type-options"] == "nosniff")
                // Without any referrer, the forms of a page would be sent with `Origin: null`.
                #expect(fields["referrer-policy"] == (path.hasPrefix("/page") ? "same-origin" : "no-referrer"))
                #expect(fields["x-frame-options"] == "DENY")
                #expect(fields["permissions-policy"]?.contains("camera=()") == true)
                #expect(fields["content-security-policy"]?.contains("default-src 'none'") == true)
                #expect(fields["content-security-policy"]?.contains("frame-ancestors 'none'") == true)
                // Readers of a shared response use CORS, to which this does not apply.
                #expect(fields["cross-origin-resource-policy"] == "same-origin")
                // Responses are not cached unless they say so (RFC 6749 §5.1).
                let isKept = path == "/.well-known/shared"
                #expect(fields["cache-control"] == (isKept ? "public, max-age=60" : "no-store"))
            }
        }
    }

    @Test("a response that some origins may frame has no X-Frame-Options, which would stop them in old browsers")
    func framed() async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                let fields = try await client.get("http://127.0.0.1:\(server.port)/framed").fields
                #expect(fields["x-frame-options"] == nil)
                #expect(fields["content-security-policy"]?.hasSuffix("; frame-ancestors https://shop.example") == true)
                #expect(fields["x-content-type-options"] == "nosniff")
            }
        }
    }

    @Test(
        "account windows have no opener; clients that sign users in with a popup keep theirs",
        arguments: [
            ("/account", true), ("/account/test", true), ("/account/test?fail=1", true), ("/page", false),
            ("/page?fail=1", false), ("/echo", false), ("/accounts", false), ("/nothing", false),
        ])
    func openers(_ path: String, isSevered: Bool) async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                let fields = try await client.get("http://127.0.0.1:\(server.port)\(path)").fields
                #expect(fields["cross-origin-opener-policy"] == (isSevered ? "same-origin" : nil))
            }
        }
    }

    @Test(
        "HSTS is sent if the issuer is https, even behind a proxy (RFC 6797 §7.1)",
        arguments: [
            ("https://id.example", true), ("http://localhost:8080", false),
        ])
    func strictTransport(_ issuer: String, isStrict: Bool) async throws {
        let provider = MountedProvider(issuer: try Issuer(issuer), endpoints: TestEndpoints.all)
        try await TestServer.run(providers: [provider]) { server in
            try await TestClient.run { client in
                for path in ["/echo", "/nothing"] {
                    let answer = try await client.get("http://127.0.0.1:\(server.port)\(path)")
                    #expect((answer.fields["strict-transport-security"] != nil) == isStrict)
                }
            }
        }
    }
}
