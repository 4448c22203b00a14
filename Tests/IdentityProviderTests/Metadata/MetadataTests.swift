import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("RFC 8414, OpenID Connect Discovery: metadata")
struct MetadataTests {
    @Test("every advertised endpoint exists, and the advertised features are accurate")
    func document() async throws {
        let issuer = try await TestIssuer()
        let document = try await issuer.send(.get, "/.well-known/openid-configuration").json()
        #expect(document["issuer"] == "https://id.example.com")
        for name in document.names where name.hasSuffix("_endpoint") || name == "jwks_uri" {
            let path = String(try #require(document[name]?.string).dropFirst("https://id.example.com".count))
            let routes = issuer.provider.endpoints.flatMap(\.routes)
            #expect(routes.contains { $0.path.text == path }, "\(name)")
        }
        #expect(document["require_request_uri_registration"] == true)
        #expect(document["authorization_response_iss_parameter_supported"] == true)
        #expect(document["code_challenge_methods_supported"] == ["S256"])
        let other = try await issuer.send(.get, "/.well-known/oauth-authorization-server").json()
        #expect(other == document)
    }

    @Test(
        "RFC 8414 §2: each endpoint lists its client authentication methods, and introspection requires one",
        arguments: ["token", "revocation", "introspection"])
    func clientAuthentication(_ endpoint: String) async throws {
        let document = try await TestIssuer().send(.get, "/.well-known/openid-configuration").json()
        let methods: [JSON] = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"]
        #expect(
            document["\(endpoint)_endpoint_auth_methods_supported"]
                == .array(endpoint == "introspection" ? methods : methods + ["none"]))
        #expect(
            document["\(endpoint)_endpoint_auth_signing_alg_values_supported"] == [
                "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "Ed25519",
                "EdDSA", "HS256", "HS384", "HS512",
            ])
    }

    @Test("RFC9470-006 OIDC-Prompt-Create-003: the metadata lists every acr and prompt value that a request may have")
    func values() async throws {
        let document = try await TestIssuer().send(.get, "/.well-known/openid-configuration").json()
        #expect(document["acr_values_supported"] == .array((1...3).map { .string("urn:martlet:acr:\($0)") }))
        #expect(document["prompt_values_supported"] == ["none", "login", "consent", "select_account"])
    }

    @Test("an unchanged response is not sent again")
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

    @Test("the JWK Set contains only public keys, each with its own kid")
    func keys() async throws {
        let issuer = try await TestIssuer()
        let set = try await issuer.send(.get, "/jwks").json()
        let keys = try #require(set["keys"]?.array).compactMap(\.object)
        #expect(keys.count == 2)
        #expect(Set(keys.map { $0["kid"] }).count == 2)
        for key in keys { for name in ["d", "p", "q", "k"] { #expect(key[name] == nil) } }
    }
}
