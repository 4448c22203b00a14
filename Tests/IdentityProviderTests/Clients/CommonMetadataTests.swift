import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 7591 §2, OpenID Connect Registration §2: metadata that other servers' exports contain")
struct CommonMetadataTests {
    private static func document(_ members: JSONObject) -> JSONObject {
        var document: JSONObject = ["client_id": "shop", "redirect_uris": ["https://shop.example/callback"]]
        document.merge(members)
        return document
    }

    @Test("harmless values are checked and kept")
    func kept() throws {
        let document = Self.document([
            "response_types": ["code"], "application_type": "web", "contacts": ["ops@shop.example"],
            "software_id": "4NRB1-0XZABZI9E6-5SM3R", "software_version": "2.1", "subject_type": "public",
            "require_auth_time": true, "default_acr_values": ["urn:martlet:acr:2"],
            "initiate_login_uri": "https://shop.example/login", "request_uris": [], "client_name": "Shop",
            "client_name#de": "Laden", "require_pushed_authorization_requests": false,
            "dpop_bound_access_tokens": false, "tls_client_certificate_bound_access_tokens": false,
        ])
        let client = try Client(document)
        #expect(client.metadata == document)
        #expect(client.shownName == .translated(["de": "Laden"], otherwise: "Shop"))
    }

    @Test(
        "a value that Martlet doesn't honor is a mistake that says why",
        arguments: [
            (["response_types": ["token"]], "response_types[0]", "must be code, the only response_type"),
            (["response_types": ["code", "code id_token"]], "response_types[1]", "must be code, the only"),
            (["response_types": []], "response_types", "must be [code] with the grant type authorization_code"),
            (
                ["response_types": ["code"], "grant_types": ["client_credentials"]], "response_types",
                "must be empty without the grant type authorization_code"
            ),
            (["response_types": "code"], "response_types", "must be a list"),
            (["application_type": "browser"], "application_type", "must be web or native"),
            (
                ["application_type": "web", "redirect_uris": ["com.example.app:/cb"]], "application_type",
                "web does not fit the redirect URI com.example.app:/cb; use native"
            ),
            (["contacts": [""]], "contacts[0]", "must not be empty"),
            (["software_id": 1], "software_id", "must be a string"),
            (["subject_type": "pairwise"], "subject_type", "must be public: every client gets the same sub"),
            (["sector_identifier_uri": "https://a.example"], "sector_identifier_uri", "is only for pairwise"),
            (["default_acr_values": ["gold"]], "default_acr_values[0]", "must be one of urn:martlet:acr:1, "),
            (
                [
                    "default_acr_values": ["urn:martlet:acr:2"],
                    "forward_auth": ["origins": ["https://shop.example"]],
                ], "default_acr_values", "is not applied by forward_auth; require a context with minimum_acr"
            ),
            (["initiate_login_uri": "http://shop.example"], "initiate_login_uri", "must be an https URL"),
            (["request_uris": ["http://a.example/r"]], "request_uris[0]", "must be an https URL without a fragment"),
            (["id_token_encrypted_response_alg": "RSA-OAEP"], "id_token_encrypted_response_alg", "is not supported: "),
            (["userinfo_signed_response_alg": "HS256"], "userinfo_signed_response_alg", "must be one of ES256, RS256"),
            (["request_object_signing_alg": "HS256"], "request_object_signing_alg", "must be one of ES256, ES384"),
            (["jwks_uri": "http://a.example/jwks"], "jwks_uri", "must be an https URL without a fragment"),
            (["require_signed_request_object": true], "require_signed_request_object", "requires jwks or jwks_uri"),
            (["token_endpoint_auth_signing_alg": "ES256"], "token_endpoint_auth_signing_alg", "is allowed only for"),
            (["client_name#": "x"], "client_name#", "must be a text whose name ends in a language tag"),
            (["client_name#de": 1], "client_name#de", "must be a string"),
            (["logo_uri#de": "https://a.example"], "logo_uri#de", "is not a known member"),
            (["id_token_claims": "all"], "id_token_claims", "must be requested or scope"),
        ] as [(JSONObject, String, String)])
    func mistakes(_ members: JSONObject, _ member: String, _ reason: String) {
        let error = #expect(throws: InvalidDocument.self) { try Client(Self.document(members)) }
        #expect(error?.problems.map(\.member) == [member])
        #expect(error?.problems.first?.reason.hasPrefix(reason) == true, "\(String(describing: error))")
    }

    @Test("native apps may use loopback, private-use and claimed https URIs (RFC 8252 §7)")
    func native() throws {
        _ = try Client(
            Self.document([
                "application_type": "native",
                "redirect_uris": ["http://127.0.0.1/cb", "com.example.app:/cb", "https://app.example/cb"],
            ]))
        _ = try Client(
            Self.document([
                "application_type": "web", "redirect_uris": ["http://localhost:3000/cb", "HTTPS://a.example/"],
            ]))
    }

    @Test(
        "default_acr_values stand in for acr_values that a request doesn't send",
        arguments: [
            (nil, ["urn:martlet:acr:2", "urn:martlet:acr:3"]), ("urn:martlet:acr:1", ["urn:martlet:acr:1"]),
            ("unknown", ["unknown"]),
        ] as [(String?, [String])])
    func defaultContexts(_ requested: String?, _ expected: [String]) throws {
        let client = try Client(
            Self.document(["default_acr_values": ["urn:martlet:acr:2", "urn:martlet:acr:3"], "pkce": "optional"]))
        let parameters = Parameters(
            [
                (name: "response_type", value: "code"), (name: "redirect_uri", value: "https://shop.example/callback"),
                (name: "scope", value: "openid"),
            ] + (requested.map { [(name: "acr_values", value: $0)] } ?? []))
        let request = try AuthorizationRequest(
            parameters, from: client, to: VerifiedRedirect(parameters, for: client),
            known: ResourceCatalog(servers: []),
            subject: nil)
        #expect(request.requestedContexts == expected)
    }

    @Test("a sign-in without acr_values asks for the default ones, on pages and through the JSON API")
    func defaultContextsApply() async throws {
        let issuer = try await TestIssuer(
            resources: """
                {"users": [{"username": "alice", "password": "correct horse"}],
                 "clients": [
                     {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "consent": "skip",
                      "redirect_uris": ["https://shop.example/callback"],
                      "default_acr_values": ["urn:martlet:acr:2"]},
                     {"client_id": "app", "token_endpoint_auth_method": "none", "grant_types": ["refresh_token"],
                      "first_party": true, "default_acr_values": ["urn:martlet:acr:2"]}]}
                """)
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        _ = try await issuer.administration.renewRecoveryCodes(of: alice)
        let (usual, weak) = (Browser(issuer), Browser(issuer))
        let asked = try await usual.authorize(Browser.webRequest(scope: "openid")).page()
        #expect(asked.template == "second-factor")
        let request = Browser.webRequest(scope: "openid", [("acr_values", "urn:martlet:acr:1")])
        #expect(try await weak.authorize(request).answer()["code"] != nil)
        let frontEnd = FrontEnd(issuer)
        let login = FrontEnd.alice + #","client_id":"app""#
        #expect(try await frontEnd.login(login)["factors"] == ["recovery_code"])
        #expect(try await frontEnd.login(login + #","acr_values":"urn:martlet:acr:1""#)["access_token"] != nil)
    }

    @Test("token_endpoint_auth_signing_alg admits only that algorithm")
    func assertionAlgorithm() async throws {
        let issuer = try await TestIssuer(resources: "{}")
        let keys = [try PrivateKey.generate(for: .es256), try PrivateKey.generate(for: .edDSA)]
        try await issuer.stores.clients.save(
            Client([
                "client_id": "jwt", "token_endpoint_auth_method": "private_key_jwt", "scope": "openid",
                "token_endpoint_auth_signing_alg": "ES256", "grant_types": ["client_credentials"],
                "jwks": .object(JWKSet(keys: keys.enumerated().map { $1.publicKey(keyID: "\($0)") }).object),
            ]))
        let now = Int(issuer.clock.now.timeIntervalSince1970)
        for (index, status) in [HTTPResponse.Status.ok, .unauthorized].enumerated() {
            let claims: JSONObject = [
                "iss": "jwt", "sub": "jwt", "aud": "https://id.example.com", "jti": .string("\(index)"),
                "exp": .integer(now + 60),
            ]
            let assertion = try await JWT.sign(claims, type: nil, with: keys[index].signer(keyID: "\(index)"))
            let response = try await issuer.send(
                .post, "/token",
                form: [
                    ("grant_type", "client_credentials"), ("client_assertion", assertion),
                    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ])
            #expect(response.status == status)
        }
    }

    @Test("pages show the client's name in the language of the page")
    func pages() async throws {
        let issuer = try await TestIssuer(
            resources: """
                {"clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
                     "redirect_uris": ["https://shop.example/callback"], "client_name": "Shop",
                     "client_name#de": "Laden"}]}
                """)
        let page = try await Browser(issuer).get("/authorize", Browser.webRequest(scope: "openid")).page()
        guard case .object(let client)? = page.data["client"] else { throw Unexpected("no client on the page") }
        #expect(client["name"] == .translated(["de": "Laden"], otherwise: "Shop"))
    }
}
