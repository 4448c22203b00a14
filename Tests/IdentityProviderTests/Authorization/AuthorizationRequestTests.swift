import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("RFC 6749 §4.1.2.1: authorization request errors, and where they are reported")
struct AuthorizationRequestTests {
    /// The confidential client's request with some parameters replaced; an empty value removes one.
    private func request(_ changes: [String: String]) -> [(String, String)] {
        let base = Browser.webRequest().filter { changes[$0.0] == nil }
        return base + changes.filter { !$0.value.isEmpty }.map { ($0.key, $0.value) }
    }

    @Test(
        "errors are not redirected until the redirect URI is verified",
        arguments: [
            ["client_id": ""], ["client_id": "nobody"], ["client_id": "off", "redirect_uri": "https://off.example/"],
            ["redirect_uri": ""], ["redirect_uri": "https://shop.example/callback/"],
            ["redirect_uri": "https://shop.example/callback?x=1"], ["redirect_uri": "https://shop.example/cb"],
            ["redirect_uri": "https://shop.example/cb?x=2"], ["redirect_uri": "https://shop.example.evil/callback"],
            ["redirect_uri": "https://SHOP.example/callback"], ["redirect_uri": "http://shop.example/callback"],
            ["redirect_uri": "https://shop.example/callback#x"], ["redirect_uri": "https://shop.example/%63allback"],
            ["redirect_uri": "javascript:alert(1)"], ["redirect_uri": "https://own.example/callback"],
            ["request": "x"], ["request_uri": "urn:x"],
        ])
    func page(_ changes: [String: String]) async throws {
        let issuer = try await TestIssuer()
        let response = try await Browser(issuer).get("/authorize", request(changes))
        #expect(response.status == .badRequest)
        #expect(response.headers[.location] == nil)
        #expect(try response.page().template == "error")
    }

    @Test(
        "errors are redirected to the client once the redirect URI is verified",
        arguments: [
            (["response_type": ""], "invalid_request"), (["response_type": "token"], "unsupported_response_type"),
            (["response_type": "code id_token"], "unsupported_response_type"),
            (["response_mode": "web_message"], "invalid_request"), (["prompt": "none"], "login_required"),
            (["prompt": "none login"], "invalid_request"), (["prompt": "dance"], "invalid_request"),
            (["max_age": "-1"], "invalid_request"), (["max_age": "1e3"], "invalid_request"),
            (["scope": "nothing.known"], "invalid_scope"), (["scope": "open\"id"], "invalid_scope"),
            (["registration": "{}"], "registration_not_supported"),
            (["code_challenge": "short", "code_challenge_method": "S256"], "invalid_request"),
            (["code_challenge": String(repeating: "a", count: 43)], "invalid_request"),
            (
                ["code_challenge": String(repeating: "a", count: 43), "code_challenge_method": "plain"],
                "invalid_request"
            ),
            (["code_challenge_method": "S256"], "invalid_request"), (["id_token_hint": "a.b.c"], "invalid_request"),
            (["resource": "https://unknown.example"], "invalid_target"),
            (["resource": "https://api.example.com"], "invalid_target"),
        ] as [([String: String], String)])
    func redirect(_ changes: [String: String], _ error: String) async throws {
        let issuer = try await TestIssuer()
        let answer = try await Browser(issuer).get("/authorize", request(changes)).answer()
        #expect(answer["error"] == error)
        #expect(answer["state"] == "the-state")
        #expect(answer["iss"] == "https://id.example.com")
        #expect(answer["code"] == nil)
    }

    @Test("RFC 9700 §2.1.1: a public client without a code challenge is refused")
    func challengeRequired() async throws {
        let issuer = try await TestIssuer()
        let answer = try await Browser(issuer).get(
            "/authorize",
            [
                ("response_type", "code"), ("client_id", "spa"), ("redirect_uri", "https://spa.example/"),
                ("scope", "openid"),
            ]
        ).answer()
        #expect(answer["error"] == "invalid_request")
    }

    @Test(
        "RFC 9700 §2.1.1: a confidential client needs a code challenge or a nonce with openid, unless pkce is optional",
        arguments: [
            (["nonce": ""], false, "invalid_request"), (["scope": "orders.read"], false, "invalid_request"),
            ([:], false, "login_required"), (["nonce": ""], true, "login_required"),
            (["scope": "orders.read", "nonce": ""], true, "login_required"),
            (
                ["nonce": "", "code_challenge": Proof().challenge, "code_challenge_method": "S256"], false,
                "login_required"
            ),
        ] as [([String: String], Bool, String)])
    func challengeOrNonce(_ changes: [String: String], isOptional: Bool, _ error: String) async throws {
        let issuer = try await TestIssuer()
        if isOptional {
            let client = try #require(try await issuer.stores.clients.find(Identifier(rawValue: "web")))
            var metadata = client.metadata
            metadata["pkce"] = "optional"
            try await issuer.stores.clients.save(Client(metadata, secret: client.secret))
        }
        // Nobody is signed in, so an otherwise valid request fails with `login_required`.
        let silent = request(changes.merging(["prompt": "none"]) { _, new in new })
        let answer = try await Browser(issuer).get("/authorize", silent).answer()
        #expect(answer["error"] == error)
        if error == "invalid_request" {
            for way in ["code_challenge", "nonce", "pkce: optional"] {
                #expect(answer["error_description"]?.contains(way) == true)
            }
        }
    }

    @Test("a duplicate parameter is refused; an unknown one is ignored")
    func duplicates() async throws {
        let issuer = try await TestIssuer()
        let twice = try await Browser(issuer).get("/authorize", request([:]) + [("state", "other")])
        #expect(try twice.page().template == "error")
        let unknown = try await Browser(issuer).get("/authorize", request(["colour": "green"]))
        #expect(try unknown.page().template == "sign-in")
    }

    @Test("the query of the registered redirect URI is kept")
    func query() async throws {
        let issuer = try await TestIssuer()
        let response = try await Browser(issuer).get(
            "/authorize", request(["redirect_uri": "https://shop.example/cb?x=1", "prompt": "none"]))
        #expect(response.headers[.location]?.hasPrefix("https://shop.example/cb?x=1&error=login_required&") == true)
    }

    @Test("login_hint prefills the username, and ui_locales selects the language")
    func hints() async throws {
        let issuer = try await TestIssuer()
        let page = try await Browser(issuer).get(
            "/authorize", request(["login_hint": "alice", "ui_locales": "de-CH en"])
        ).page()
        #expect(page.text("username") == "alice")
        #expect(page.languages == ["de-CH", "en"])
        #expect(page.formTargets == ["https://shop.example"])
    }
}
