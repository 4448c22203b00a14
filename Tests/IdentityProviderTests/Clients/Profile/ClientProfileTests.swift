import FoundationEssentials
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("FAPI 2.0: what profile turns on for a client, and what it refuses")
struct ClientProfileTests {
    private static func document(_ changes: JSONObject = [:]) throws -> JSONObject {
        let key = try PrivateKey.generate(for: .es256).publicKey()
        var document: JSONObject = [
            "client_id": "bank", "profile": "fapi2", "redirect_uris": ["https://bank.example/callback"],
            "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "private_key_jwt",
            "jwks": .object(["keys": .array([.object(try #require(key.object))])]),
        ]
        document.merge(changes)
        return document
    }

    @Test("FAPI2-SP-007 FAPI2-SP-012 FAPI2-SP-020 FAPI2-SP-022 FAPI2-SP-039: the profile alone turns on everything")
    func turnsOn() throws {
        let client = try Client(Self.document())
        #expect(client.requestRules.arePushed && !client.requestRules.areSigned)
        #expect(client.senderConstraint.isRequired && client.senderConstraint.bindsAllTokens)
        #expect(!client.rotatesRefreshTokens)
        #expect(client.algorithms.all == [.ps256])
        #expect(client.assertionAlgorithms == [.es256, .ps256, .ed25519, .edDSA])
        #expect(client.requestRules.algorithms == [.es256, .ps256, .ed25519, .edDSA])
        #expect(ProfileReport(of: client).entries.prefix(3).flatMap(\.missing) == [])
    }

    @Test("FAPI2-MS-001 FAPI2-MS-005 FAPI2-MS-006: Message Signing also demands signed requests and responses")
    func signs() throws {
        let client = try Client(Self.document(["profile": "fapi2-message-signing"]))
        #expect(client.requestRules.areSigned && client.requestRules.responsesAreSigned)
        #expect(ProfileReport(of: client).entries.flatMap(\.missing) == [])
    }

    @Test(
        "FAPI2-SP-006 FAPI2-SP-009 FAPI2-SP-011 FAPI2-SP-025 FAPI2-SP-039: a registration that cannot meet it is refused",
        arguments: [
            (["token_endpoint_auth_method": "client_secret_basic"], "token_endpoint_auth_method", "§5.3.2.1"),
            (["token_endpoint_auth_method": "none"], "token_endpoint_auth_method", "§5.3.2.1"),
            (["token_endpoint_auth_audience": "token_endpoint"], "token_endpoint_auth_audience", "§5.3.2.1"),
            (["token_endpoint_auth_signing_alg": "RS256"], "token_endpoint_auth_signing_alg", "§5.4.1"),
            (["pkce": "optional"], "pkce", "§5.3.2.2"),
            (["redirect_uris": ["http://localhost/callback"]], "redirect_uris", "§5.3.2.2"),
            (["id_token_signed_response_alg": "RS256"], "id_token_signed_response_alg", "must be ES256, PS256"),
            (["userinfo_signed_response_alg": "ES384"], "userinfo_signed_response_alg", "must be ES256, PS256"),
            (["authorization_signed_response_alg": "RS256"], "authorization_signed_response_alg", "must be ES256"),
            (["introspection_signed_response_alg": "RS256"], "introspection_signed_response_alg", "must be ES256"),
            (["request_object_signing_alg": "RS256"], "request_object_signing_alg", "must be one of ES256, PS256"),
            (["request_object_signing_alg": "none"], "request_object_signing_alg", "none does not fit"),
            (["profile": "fapi1"], "profile", "must be fapi2 or fapi2-message-signing"),
        ] as [(JSONObject, String, String)])
    func refuses(_ changes: JSONObject, _ member: String, _ reason: String) throws {
        let document = try Self.document(changes)
        let error = #expect(throws: InvalidDocument.self) { try Client(document) }
        #expect(error?.problems.contains { $0.member == member && $0.reason.contains(reason) } == true)
    }

    @Test("FAPI2-SP-040 FAPI2-SP-041: keys that no permitted algorithm can use are refused")
    func keys() throws {
        let key = try #require(try PrivateKey.generate(for: .es384).publicKey().object)
        let document = try Self.document(["jwks": .object(["keys": .array([.object(key)])])])
        let error = #expect(throws: InvalidDocument.self) { try Client(document) }
        #expect(error?.problems.map(\.member) == ["jwks"])
    }

    @Test("an ordinary client is told what is missing, member by member, with the sections")
    func report() throws {
        let client = try Client([
            "client_id": "shop", "redirect_uris": ["http://localhost/callback"], "pkce": "optional",
        ])
        let report = ProfileReport(of: client)
        #expect(
            report.lines == [
                """
                client shop: OAuth 2.1: missing: pkce must be required (§7.5.1); recommended: redirect_uris should use \
                127.0.0.1 or [::1] instead of localhost (§8.4.2)
                """,
                """
                client shop: RFC 9700: met; recommended: pkce should be required (§2.1.1); dpop_bound_access_tokens or \
                tls_client_certificate_bound_access_tokens should be true (§2.2.1); token_endpoint_auth_method should use \
                a key: private_key_jwt, tls_client_auth, self_signed_tls_client_auth (§2.5)
                """,
                """
                client shop: FAPI 2.0 Security Profile: missing: token_endpoint_auth_method must be private_key_jwt, \
                tls_client_auth, self_signed_tls_client_auth (§5.3.2.1); pkce must be required (§5.3.2.2); redirect_uris \
                must not use http, except for 127.0.0.1 and [::1] (§5.3.2.2); dpop_bound_access_tokens or \
                tls_client_certificate_bound_access_tokens must be true, or profile be fapi2 (§5.3.2.1); \
                require_pushed_authorization_requests must be true, or profile be fapi2 (§5.3.2.2); profile must be \
                fapi2, for PKCE in every request and refresh tokens that don't rotate (§5.3.2.1, §5.3.2.2); \
                id_token_signed_response_alg must be ES256, PS256 or Ed25519 (§5.4.1)
                """,
                """
                client shop: FAPI 2.0 Message Signing: missing: require_signed_request_object must be true, or profile \
                be fapi2-message-signing (§5.3); profile must be fapi2-message-signing, for signed responses (§5.4, §5.5)
                """,
            ])
    }
}
