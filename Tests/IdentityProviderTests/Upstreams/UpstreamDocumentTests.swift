import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Upstreams in resource files")
struct UpstreamDocumentTests {
    private static let secret: JSONObject = ["client_id": "c", "client_secret": "s"]

    private func upstream(_ members: JSONObject) throws -> Upstream {
        var document = Self.secret
        document.merge(members)
        for (name, value) in document.members where value == .null { document[name] = nil }
        return try UpstreamDocument(document).upstream
    }

    private func problems(_ members: JSONObject) -> [String] {
        let error = #expect(throws: InvalidDocument.self) { try upstream(members) }
        return error?.problems.map { "\($0.member) \($0.reason)" } ?? []
    }

    @Test(
        "a preset needs only what is the operator's own",
        arguments: [
            (["preset": "google"], "google", "https://accounts.google.com"),
            (
                ["preset": "entra", "tenant": "8EAEF023-2B34-4DA1-9BAA-8BC8C9D6A490"], "entra",
                "https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0"
            ),
            (["preset": "gitlab"], "gitlab", "https://gitlab.com"),
            (["preset": "gitlab", "issuer": "https://git.example"], "gitlab", "https://git.example"),
            (["preset": "keycloak", "issuer": "https://k.example/realms/a"], "keycloak", "https://k.example/realms/a"),
            (["preset": "martlet", "issuer": "https://m.example"], "martlet", "https://m.example"),
        ] as [(JSONObject, String, String)])
    func presets(_ members: JSONObject, id: String, issuer: String) throws {
        let upstream = try upstream(members)
        #expect(upstream.id.rawValue == id)
        #expect(upstream.endpoints == .discovered(issuer: issuer))
        #expect(upstream.scope.contains("openid"))
        #expect(upstream.usesPKCE)
        #expect(!upstream.isInPrivateNetwork)
        #expect(upstream.accountRules.signUp == .off)
        #expect(upstream.claims.emailVerification == .claim)
    }

    @Test("the preset github maps claims of an OAuth 2 provider")
    func gitHub() throws {
        let upstream = try upstream(["preset": "github", "id": "code", "name": "Code"])
        #expect(upstream.id.rawValue == "code")
        guard case .listed(let endpoints) = upstream.endpoints else { throw Unexpected("not listed") }
        #expect(endpoints.userInfo == "https://api.github.com/user")
        #expect(endpoints.emails == "https://api.github.com/user/emails")
        #expect(upstream.authentication == .secretPost)
        #expect(upstream.claims.name(of: "sub") == "id")
        #expect(upstream.claims.name(of: "preferred_username") == "login")
    }

    @Test("the preset apple signs its secret and receives forms")
    func apple() throws {
        let document: JSONObject = [
            "preset": "apple", "client_id": "c", "team_id": "T123456789", "key_id": "K123456789",
            "private_key": .string(Self.pem),
        ]
        let upstream = try UpstreamDocument(document).upstream
        #expect(upstream.authentication == .apple(teamID: "T123456789", keyID: "K123456789"))
        #expect(upstream.responseMode == .formPost)
        #expect(upstream.claims.acceptsTextFlags)
        #expect(try !self.upstream(["preset": "google"]).claims.acceptsTextFlags)
    }

    private static let pem = UpstreamClientCredentialTests.pem

    @Test(
        "a mistake is named with what was expected",
        arguments: [
            (
                ["preset": "gogle"],
                "preset must be one of apple, entra, github, gitlab, google, keycloak, martlet; did you mean google?"
            ),
            (["preset": "entra"], "tenant is missing"),
            (
                ["preset": "entra", "tenant": "common"],
                "tenant must be the directory (tenant) ID, such as 8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
            ),
            (["preset": "keycloak"], "issuer is missing"), (["preset": "martlet"], "issuer is missing"),
            (["preset": "google", "tenant": "a"], "tenant is not used with the preset google"),
            (["id": "a", "issuer": "https://a.example", "team_id": "a"], "team_id is not used without a preset"),
            (["id": "a", "issuer": "https://a.example", "key_id": "a"], "key_id is allowed only for private_key_jwt"),
            (
                ["id": "a", "issuer": "https://a.example", "token_endpoint_auth_method": "apple"],
                "token_endpoint_auth_method must be client_secret_basic, client_secret_post or private_key_jwt"
            ),
            (
                ["id": "a", "issuer": "https://a.example", "token_endpoint_auth_audience": "issuer"],
                "token_endpoint_auth_audience is allowed only for private_key_jwt"
            ),
            (
                ["id": "a", "issuer": "https://a.example", "token_endpoint_auth_signing_alg": "ES256"],
                "token_endpoint_auth_signing_alg is allowed only for private_key_jwt"
            ),
            (["issuer": "https://a.example"], "id is missing"),
            (
                ["id": "A", "issuer": "https://a.example"],
                "id must be 1 to 64 lowercase letters, digits or -, not starting with -"
            ),
            (
                ["id": "a/b", "issuer": "https://a.example"],
                "id must be 1 to 64 lowercase letters, digits or -, not starting with -"
            ),
            (
                ["id": "a"],
                "issuer is missing; an OAuth 2 provider without ID Tokens has authorization_endpoint, token_endpoint, userinfo_endpoint instead"
            ),
            (["id": "a", "issuer": "http://a.example"], "issuer must be an https URL, or an http URL of localhost"),
            (
                ["id": "a", "issuer": "http://localhost:8080"],
                "private_network must be true for http URLs, which only this machine can have"
            ),
            (
                ["id": "a", "issuer": "https://a.example", "token_endpoint": "https://a.example/token"],
                "token_endpoint needs authorization_endpoint, token_endpoint, userinfo_endpoint together; leave them out to use the metadata of the issuer"
            ),
            (
                ["id": "a", "issuer": "https://a.example", "emails_endpoint": "https://a.example/emails"],
                "emails_endpoint is only for OAuth 2 providers without ID Tokens; remove it"
            ),
            (["id": "a", "issuer": "https://a.example", "scope": "email"], "scope must contain openid"),
            (["id": "a", "issuer": "https://a.example", "pkce": "on"], "pkce must be required or off"),
            (
                ["id": "a", "issuer": "https://a.example", "response_mode": "fragment"],
                "response_mode must be query or form_post"
            ),
            (
                ["id": "a", "issuer": "https://a.example", "parameters": ["state": "s"]],
                "parameters.state is set by Martlet; remove it"
            ),
            (["id": "a", "issuer": "https://a.example", "parameters": ["a": 1]], "parameters.a must be a string"),
            (
                ["id": "a", "issuer": "https://a.example", "claims": ["sub": "oid"]],
                "claims.sub must be sub: an ID Token names its user there (OpenID Connect Core §2)"
            ),
            (
                ["id": "a", "issuer": "https://a.example", "email_verified": "yes"],
                "email_verified must be claim, always or never"
            ),
            (
                ["id": "a", "issuer": "https://a.example", "assurance": ["acr": ["a": "high"]]],
                "assurance.acr.a must be one of urn:martlet:acr:1, urn:martlet:acr:2, urn:martlet:acr:3"
            ),
            (
                ["id": "a", "issuer": "https://a.example", "assurance": ["minimum_ac": "a"]],
                "assurance.minimum_ac is not a known member; did you mean minimum_acr?"
            ),
            (
                ["id": "a", "issuer": "https://a.example", "assurance": ["reauthentication": "yes"]],
                "assurance.reauthentication must be proven or assumed"
            ),
            (
                ["id": "a", "issuer": "https://a.example", "sign_up_domain": ["a.example"]],
                "sign_up_domain is not a known member; did you mean sign_up_domains?"
            ),
            (
                ["id": "a", "issuer": "https://a.example", "client_secret": .null],
                "client_secret is missing; add it, or the path of its file as client_secret_file"
            ),
            (
                ["id": "a", "issuer": "https://a.example", "private_key": "k"],
                "private_key is not used with this token_endpoint_auth_method; remove it"
            ),
        ] as [(JSONObject, String)])
    func mistakes(_ members: JSONObject, problem: String) {
        #expect(problems(members) == [problem])
    }

    @Test("Apple's identifiers are checked, and its method can't be replaced")
    func appleMistakes() {
        let members: JSONObject = [
            "preset": "apple", "client_secret": .null, "private_key": .string(Self.pem), "team_id": "team",
            "token_endpoint_auth_method": "client_secret_post",
        ]
        #expect(
            Set(problems(members)) == [
                "key_id is missing", "team_id must be 10 uppercase letters and digits",
                "token_endpoint_auth_method is set by the preset apple; remove it",
            ])
    }

    @Test("a private key must be readable for its algorithm, and is never part of a message")
    func keys() throws {
        let members: JSONObject = [
            "id": "a", "issuer": "https://a.example", "client_secret": .null,
            "token_endpoint_auth_method": "private_key_jwt", "private_key": "-----BEGIN NOTHING-----",
        ]
        #expect(problems(members) == ["private_key is not a private key for ES256 in PEM form"])
        var valid = members
        valid.merge(["private_key": .string(Self.pem), "key_id": "k"])
        #expect(try upstream(valid).authentication == .privateKeyJWT(.es256, keyID: "k", .issuer))
        #expect(try upstream(valid).document["private_key"] == nil)
        valid["token_endpoint_auth_signing_alg"] = "HS256"
        #expect(problems(valid).first?.hasPrefix("token_endpoint_auth_signing_alg must be one of ES256") == true)
    }

    @Test("several mistakes are reported together")
    func together() {
        let found = problems(["preset": "entra", "pkce": "on", "nam": "x"])
        #expect(
            Set(found) == [
                "tenant is missing", "pkce must be required or off", "nam is not a known member; did you mean name?",
            ])
    }
}
