import Authenticators
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("RFC 8705 §3.3, §5: metadata of mutual TLS")
struct MutualTLSMetadataTests {
    private func document(_ mutualTLS: MutualTLS?, of issuer: String = "https://id.example.com") async throws
        -> JSONObject
    {
        let issuer = try await TestIssuer(issuer) { $0.mutualTLS = mutualTLS }
        return try await issuer.send(.get, "/.well-known/openid-configuration").json()
    }

    @Test(
        "RFC8705-011: mtls_endpoint_aliases name the URLs at which clients are asked for certificates",
        arguments: [
            ("https://id.example.com", .port(8_443), "https://id.example.com:8443"),
            ("https://id.example.com:9000/a", .port(8_443), "https://id.example.com:8443/a"),
            ("https://id.example.com:9000", .port(443), "https://id.example.com"),
            ("https://[2001:db8::1]/b", .port(8_443), "https://[2001:db8::1]:8443/b"),
            ("https://id.example.com/a", .origin("https://mtls.example.com"), "https://mtls.example.com/a"),
        ] as [(String, MutualTLS.Place, String)])
    func aliases(_ issuer: String, _ place: MutualTLS.Place, _ expected: String) async throws {
        let document = try await document(MutualTLS(at: place), of: issuer)
        let aliases = try #require(document["mtls_endpoint_aliases"]?.object)
        let names = [
            "token_endpoint", "revocation_endpoint", "introspection_endpoint", "userinfo_endpoint",
            "pushed_authorization_request_endpoint",
        ]
        for name in names {
            let path = try #require(document[name]?.string).dropFirst(issuer.count)
            #expect(aliases[name]?.string == expected + path)
        }
        // Browsers are never sent there.
        for name in ["authorization_endpoint", "end_session_endpoint", "jwks_uri"] { #expect(aliases[name] == nil) }
    }

    @Test("RFC8705-011: without URLs of their own, no aliases are listed")
    func noAliases() async throws {
        #expect(try await document(MutualTLS(at: .port(443)))["mtls_endpoint_aliases"] == nil)
        #expect(try await document(nil)["mtls_endpoint_aliases"] == nil)
    }

    @Test("RFC8705-008: the metadata says that tokens can be bound to certificates only if clients can present them")
    func binding() async throws {
        let offered = try await document(MutualTLS(at: .port(8_443)))
        #expect(offered["tls_client_certificate_bound_access_tokens"] == .bool(true))
        #expect(try await document(nil)["tls_client_certificate_bound_access_tokens"] == nil)
    }

    @Test(
        "RFC8705-001: the methods are listed as far as the settings allow them",
        arguments: ["token", "revocation", "introspection"])
    func methods(_ endpoint: String) async throws {
        func listed(_ mutualTLS: MutualTLS?) async throws -> [JSON] {
            let methods = try await document(mutualTLS)["\(endpoint)_endpoint_auth_methods_supported"]?.array ?? []
            return methods.filter { $0.string?.contains("tls_client_auth") == true }
        }
        #expect(try await listed(nil) == [])
        #expect(try await listed(MutualTLS(at: .port(8_443))) == ["self_signed_tls_client_auth"])
        let authorities = ClientAuthorities(TrustAnchors([try TestChain().presented().root]))
        #expect(
            try await listed(MutualTLS(at: .port(8_443), trusting: authorities)) == [
                "tls_client_auth", "self_signed_tls_client_auth",
            ])
    }
}
