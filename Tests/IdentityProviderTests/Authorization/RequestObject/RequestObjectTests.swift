import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9101; OpenID Connect Core §6.1: request objects by value")
struct RequestObjectTests {
    private let client: SigningClient
    private let other: SigningClient

    init() throws {
        client = try SigningClient()
        other = try SigningClient("other")
    }

    private func issuer(_ registration: JSONObject = [:]) async throws -> TestIssuer {
        try await TestIssuer(
            resources: TestIssuer.resources(adding: client.registration(registration), other.registration()))
    }

    /// Sends an object to the authorization endpoint.
    private func authorize(
        _ object: String, _ more: [(String, String)] = [], at issuer: TestIssuer
    ) async throws -> Response {
        try await Browser(issuer).authorize([("client_id", "bank"), ("request", object)] + more)
    }

    /// The error that the endpoint for pushed requests returns; `nil` if it accepts the object.
    private func pushError(_ object: String, at issuer: TestIssuer) async throws -> JSON? {
        let response = try await client.push([("request", object)], at: issuer)
        #expect(response.status == .created || response.status == .badRequest)
        return try response.json()["error"]
    }

    /// Expects that both endpoints refuse the object: here as JSON, there on a page, because no redirect URI is verified.
    private func expectRefusal(_ object: String, at issuer: TestIssuer) async throws {
        #expect(try await pushError(object, at: issuer) == "invalid_request_object")
        let response = try await authorize(object, [("redirect_uri", client.redirectURI)], at: issuer)
        #expect(response.status == .badRequest)
        #expect(try response.page().template == "error")
    }

    @Test("RFC9101-005 FAPI2-MS-001: a signed object leads to tokens, and parameters beside it are ignored")
    func wholeFlow() async throws {
        let issuer = try await issuer()
        let more = [
            ("state", "other"), ("redirect_uri", "https://evil.example/"), ("scope", "openid profile"),
            ("response_mode", "fragment"), ("login_hint", "mallory"), ("prompt", "none"),
        ]
        let object = try await client.object(for: issuer)
        let answer = try await authorize(object, more, at: issuer).answer()
        #expect(answer["state"] == "the-state")
        let tokens = try await client.redeem(answer.required("code"), at: issuer).json()
        #expect(tokens["scope"] == "openid")
        #expect(try JWTClaims.of(tokens["id_token"]?.string)["nonce"] == "the-nonce")
        // A parameter that is missing inside isn't taken from outside.
        let bare = try await client.object(["state": .null, "scope": .null], for: issuer)
        let second = try await authorize(bare, more, at: issuer).answer()
        #expect(second["state"] == nil && second["code"] != nil)
    }

    @Test("RFC9126-009 FAPI2-MS-005: in a pushed request, only client authentication counts beside the object")
    func pushed() async throws {
        let issuer = try await issuer()
        let form = [
            ("request", try await client.object(for: issuer)), ("state", "other"), ("scope", "openid profile"),
            ("response_type", "token"), ("redirect_uri", "https://evil.example/"), ("client_id", "bank"),
        ]
        let pushed = try await client.push(form, at: issuer)
        #expect(pushed.status == .created)
        let uri = try #require(try pushed.json()["request_uri"]?.string)
        let answer = try await Browser(issuer).authorize([("client_id", "bank"), ("request_uri", uri)]).answer()
        #expect(answer["state"] == "the-state")
        #expect(try await client.redeem(answer.required("code"), at: issuer).json()["scope"] == "openid")
        // Inside, it doesn't.
        let assertion = try await client.credentials(for: issuer).map { ($0.0, JSON.string($0.1)) }
        let inside = try await client.object(JSONObject(assertion), for: issuer)
        let refused = try await issuer.send(.post, "/par", form: [("client_id", "bank"), ("request", inside)])
        #expect(try refused.json()["error"] == "invalid_client")
    }

    @Test(
        "RFC9101-009 FAPI2-SP-039: every asymmetric algorithm works",
        arguments: SignatureAlgorithm.asymmetric)
    func algorithms(_ algorithm: SignatureAlgorithm) async throws {
        let client = try SigningClient("bank", algorithm)
        let issuer = try await TestIssuer(resources: TestIssuer.resources(adding: client.registration()))
        let response = try await Browser(issuer).authorize([
            ("client_id", "bank"), ("request", try await client.object(for: issuer)),
        ])
        #expect(try response.answer()["code"] != nil)
    }

    @Test("RFC9101-009: only the registered algorithm is accepted")
    func registeredAlgorithm() async throws {
        let issuer = try await issuer(["request_object_signing_alg": "PS256"])
        try await expectRefusal(client.object(for: issuer), at: issuer)
        let same = try await self.issuer(["request_object_signing_alg": "ES256"])
        #expect(try await pushError(client.object(for: same), at: same) == nil)
    }

    /// Signs with a secret that everybody knows.
    private struct HMACSigner: Signer {
        let secret: [UInt8]
        let algorithm = SignatureAlgorithm.hs256
        let keyID: String? = nil
        func sign(_ message: [UInt8]) -> [UInt8] { TestHMAC.sha256(message, key: secret) }
    }

    private func unsigned(_ changes: JSONObject = [:], at issuer: TestIssuer, signature: String = "") async throws
        -> String
    {
        let parts = try await client.object(changes, for: issuer).split(separator: ".")
        let header: JSONObject = ["alg": "none", "typ": "oauth-authz-req+jwt"]
        return "\(Base64URL.encode(header.serialized())).\(parts[1]).\(signature)"
    }

    @Test(
        "RFC9101-009 RFC9101-014: a forged signature, one of another client, an HMAC with the public key, and none are refused"
    )
    func forged() async throws {
        let issuer = try await issuer()
        let object = try await client.object(for: issuer)
        let parts = object.split(separator: ".").map(String.init)
        let signature = try Base64URL.decode(parts[2])
        let changed = signature.dropLast() + [signature[signature.count - 1] ^ 1]
        let published = client.key.publicKey().object?.serialized() ?? []
        let objects = [
            "\(parts[0]).\(parts[1]).\(Base64URL.encode(Array(changed)))", "\(parts[0]).\(parts[1]).",
            try await client.object(for: issuer, by: other.key.signer()),
            try await client.object(for: issuer, by: other.key.signer(keyID: client.key.publicKey().keyID)),
            try await client.object(for: issuer, by: client.key.signer(keyID: "unknown")),
            try await client.object(for: issuer, by: HMACSigner(secret: published)),
            try await unsigned(at: issuer), try await unsigned(at: issuer, signature: parts[2]),
        ]
        for object in objects { try await expectRefusal(object, at: issuer) }
    }

    @Test(
        "RFC9101-001 RFC9101-004 RFC9101-010 FAPI2-MS-002: an object with claims that don't fit is refused",
        arguments: [
            ["client_id": "other"], ["client_id": 1], ["iss": "other"], ["iss": 7], ["aud": "https://other.example"],
            ["aud": ["https://other.example"]], ["aud": []], ["aud": "https://id.example.com/"], ["sub": "bank"],
            ["request": "a.b.c"], ["request_uri": "https://bank.example/object"], ["exp": 1], ["exp": "soon"],
            ["exp": 1_799_999_940], ["nbf": 1_800_000_061], ["iat": 1_800_000_061], ["nbf": "now"],
            ["state": "a\u{0}b"], ["vendor": ["a": "\u{7F}"]], ["a\u{1}b": "c"], ["resource": [1]],
            ["resource": [["https://api.example.com"]]],
        ] as [JSONObject])
    func claims(_ changes: JSONObject) async throws {
        let issuer = try await issuer()
        try await expectRefusal(client.object(changes, for: issuer), at: issuer)
    }

    @Test(
        "RFC9101-003 FAPI2-MS-002 FAPI2-SP-016: several audiences, no own claims, and a clock 8 s ahead are fine",
        arguments: [
            ["aud": ["https://other.example", "https://id.example.com"]],
            ["iss": .null, "aud": .null, "exp": .null, "nbf": .null, "iat": .null],
            ["nbf": 1_800_000_008, "iat": 1_800_000_008], ["nbf": 1_800_000_010, "iat": 1_800_000_010],
            ["jti": "once", "sub": "somebody"], ["client_id": .null],
        ] as [JSONObject])
    func fine(_ changes: JSONObject) async throws {
        let issuer = try await issuer()
        let object = try await client.object(changes, for: issuer)
        #expect(try await pushError(object, at: issuer) == nil)
        #expect(try await authorize(object, at: issuer).answer()["code"] != nil)
    }

    @Test("OpenID Connect Core §6.1: numbers, objects, lists and unknown members are parameters like any other")
    func values() async throws {
        let issuer = try await issuer()
        let object = try await client.object(
            [
                "max_age": 300, "scope": "openid orders.read",
                "resource": ["https://api.example.com"],
                "claims": [
                    "id_token": ["name": ["essential": true], "nested": ["a": [1, .number(2.5), false, .null]]]
                ],
                "vendor": ["a": ["b": ["c": [1, 2, 3]]]], "is_new": true, "rate": .number(1.5), "nothing": .null,
            ], for: issuer)
        let answer = try await authorize(object, at: issuer).answer()
        let tokens = try await client.redeem(answer.required("code"), at: issuer).json()
        #expect(try JWTClaims.of(tokens["id_token"]?.string)["auth_time"] != nil)
        #expect(try JWTClaims.of(tokens["access_token"]?.string)["aud"] == "https://api.example.com")
        let mistakes: [JSONObject] = [["max_age": -1], ["max_age": .number(1.5)], ["claims": [1]]]
        for changes in mistakes {
            #expect(try await pushError(client.object(changes, for: issuer), at: issuer) == "invalid_request")
        }
        // A list is not a space-delimited text, so it names no scope that exists.
        let list = try await client.push([("request", client.object(["scope": ["openid"]], for: issuer))], at: issuer)
        if let uri = try list.json()["request_uri"]?.string {
            let answer = try await Browser(issuer).authorize([("client_id", "bank"), ("request_uri", uri)]).answer()
            #expect(try await client.redeem(answer.required("code"), at: issuer).json()["id_token"] == nil)
        }
        let uris = try await pushError(
            client.object(["redirect_uri": [.string(client.redirectURI)]], for: issuer), at: issuer)
        #expect(uris == "invalid_request")
    }

    @Test("RFC9101-008: an encrypted object, a deep one, one with a member twice, and rubbish are refused")
    func rubbish() async throws {
        let issuer = try await issuer()
        var deep: JSON = 1
        for _ in 0..<40 { deep = .array([deep]) }
        let nested = try await client.object(["claims": deep], for: issuer)
        let members: JSONObject = ["alg": "ES256"]
        let header = Base64URL.encode(members.serialized())
        func sign(_ payload: String) async throws -> String {
            try await JWS.sign(Array(payload.utf8), type: nil, with: client.key.signer())
        }
        let twice = try await sign(#"{"client_id":"bank","scope":"openid","scope":"openid profile"}"#)
        for object in [
            nested, twice, try await sign("[]"), try await sign(""), "a", "a.b", "..", "a.b.c.d.e", "\(header)..",
            "é.é.é",
        ] {
            try await expectRefusal(object, at: issuer)
        }
        let huge = try await client.object(["state": .string(String(repeating: "s", count: 20_000))], for: issuer)
        #expect(try await client.push([("request", huge)], at: issuer).status == .badRequest)
    }

    @Test(
        "RFC9101-012: typ names a request object, a JWT in general, or nothing",
        arguments: [
            (nil, true), ("JWT", true), ("oauth-authz-req+jwt", true), ("application/oauth-authz-req+jwt", true),
            ("OAuth-Authz-Req+JWT", true), ("at+jwt", false), ("client-authentication+jwt", false), ("dpop+jwt", false),
            ("", false),
        ] as [(String?, Bool)])
    func type(_ type: String?, _ isGood: Bool) async throws {
        let issuer = try await issuer()
        let object = try await client.object(for: issuer, type: type)
        #expect(try await pushError(object, at: issuer) == (isGood ? nil : "invalid_request_object"))
    }

    @Test("RFC9101-015: a client assertion is no request object, and a request object is no client assertion")
    func confusion() async throws {
        let issuer = try await issuer()
        var claims = client.assertion(for: issuer)
        claims.merge(client.request())
        try await expectRefusal(JWT.sign(claims, type: nil, with: client.key.signer()), at: issuer)
        func authenticate(_ text: String) async throws -> Response {
            let form = [
                ("grant_type", "client_credentials"), ("client_assertion_type", SigningClient.assertionType),
                ("client_assertion", text), ("client_id", "bank"),
            ]
            return try await issuer.send(.post, "/token", form: form)
        }
        let own: JSONObject = ["sub": "bank", "jti": "x"]
        #expect(try await authenticate(client.object(own, for: issuer)).status == .unauthorized)
        #expect(try await authenticate(client.object(for: issuer, type: "JWT")).status == .unauthorized)
    }

    @Test("RFC9101-004: request and request_uri don't go together")
    func both() async throws {
        let issuer = try await issuer(["request_uris": ["https://bank.example/object"]])
        let object = try await client.object(for: issuer)
        for uri in ["https://bank.example/object", "urn:ietf:params:oauth:request_uri:x"] {
            let response = try await authorize(object, [("request_uri", uri)], at: issuer)
            #expect(try response.page().template == "error")
        }
    }

    @Test(
        "RFC9101-011: errors in a valid object go to its redirect URI, once that is verified; one that isn't registered is a page"
    )
    func errors() async throws {
        let issuer = try await issuer()
        let wrong = try await authorize(client.object(["prompt": "none"], for: issuer), at: issuer).answer()
        #expect(wrong["error"] == "login_required" && wrong["state"] == "the-state")
        let type = try await authorize(client.object(["response_type": "token"], for: issuer), at: issuer).answer()
        #expect(type["error"] == "unsupported_response_type")
        let evil = try await client.object(["redirect_uri": "https://evil.example/"], for: issuer)
        let page = try await authorize(evil, [("redirect_uri", client.redirectURI)], at: issuer)
        #expect(page.headers[.location] == nil)
        #expect(try page.page().template == "error")
        #expect(try await pushError(evil, at: issuer) == "invalid_request")
    }

    @Test("RFC9101-014: a client that must sign its requests can't send an unsigned one")
    func required() async throws {
        let issuer = try await issuer(["require_signed_request_object": true])
        let form = client.request().parameters
        #expect(try await client.push(form, at: issuer).json()["error"] == "invalid_request")
        #expect(try await Browser(issuer).get("/authorize", form).page().template == "error")
        try await expectRefusal(unsigned(at: issuer), at: issuer)
        #expect(try await authorize(client.object(for: issuer), at: issuer).answer()["code"] != nil)
    }

    @Test("OpenID Connect Core §6.1: unsigned objects are for clients that register them, and those get no others")
    func unsignedObjects() async throws {
        let issuer = try await issuer(["request_object_signing_alg": "none"])
        #expect(try await authorize(unsigned(at: issuer), at: issuer).answer()["code"] != nil)
        try await expectRefusal(client.object(for: issuer), at: issuer)
        let signature = try await String(client.object(for: issuer).split(separator: ".")[2])
        try await expectRefusal(unsigned(at: issuer, signature: signature), at: issuer)
        try await expectRefusal(unsigned(["exp": 1], at: issuer), at: issuer)
        try await expectRefusal(unsigned(["client_id": "other"], at: issuer), at: issuer)
    }

    @Test("RFC9864-010: the metadata list what objects may be signed with, and never none")
    func metadata() async throws {
        let metadata = try await issuer().send(.get, "/.well-known/openid-configuration").json()
        let listed = metadata["request_object_signing_alg_values_supported"]?.array?.compactMap(\.string) ?? []
        #expect(listed == SignatureAlgorithm.asymmetric.map(\.rawValue))
        #expect(listed.contains("Ed25519") && listed.contains("EdDSA") && !listed.contains("none"))
        #expect(metadata["request_parameter_supported"] == true)
        #expect(metadata["request_uri_parameter_supported"] == true)
        #expect(metadata["require_request_uri_registration"] == true)
    }
}

@Suite("FAPI 2.0 Message Signing §5.3: signed requests of clients with the profile")
struct FAPIRequestObjectTests {
    private let client: SigningClient

    init() throws { client = try SigningClient("bank", .ps256) }

    private func issuer() async throws -> TestIssuer {
        let profile: JSONObject = ["profile": "fapi2-message-signing", "dpop_bound_access_tokens": true]
        return try await TestIssuer(resources: TestIssuer.resources(adding: client.registration(profile)))
    }

    @Test(
        "FAPI2-MS-002 FAPI2-MS-003 FAPI2-MS-004: aud, nbf and exp are required, and at most an hour apart",
        arguments: [
            ([:], true), (["aud": ["https://other.example", "https://id.example.com"]], true),
            (["nbf": 1_800_000_008, "iat": 1_800_000_008], true), (["nbf": 1_799_996_400, "exp": 1_800_000_000], true),
            (["exp": 1_800_003_600], true), (["nbf": .null], false), (["exp": .null], false), (["aud": .null], false),
            (["iss": .null], false), (["aud": "https://other.example"], false), (["nbf": 1_799_996_399], false),
            (["nbf": 1_799_995_800, "exp": 1_800_000_010], false), (["exp": 1_800_003_601], false),
            (["exp": 1_800_004_200], false), (["nbf": 1_800_000_070], false),
        ] as [(JSONObject, Bool)])
    func times(_ changes: JSONObject, _ isGood: Bool) async throws {
        let issuer = try await issuer()
        let response = try await client.push([("request", client.object(changes, for: issuer))], at: issuer)
        #expect(try response.json()["error"] == (isGood ? nil : "invalid_request_object"))
    }

    @Test("FAPI2-MS-005: an unsigned pushed request is refused, and so are algorithms outside the profile")
    func unsigned() async throws {
        let issuer = try await issuer()
        #expect(try await client.push(at: issuer).json()["error"] == "invalid_request")
        let weak = try SigningClient("bank", .rs256)
        let object = try await client.object(for: issuer, by: weak.key.signer())
        #expect(try await client.push([("request", object)], at: issuer).json()["error"] == "invalid_request_object")
        let error = #expect(throws: InvalidDocument.self) {
            try Client(client.registration(["profile": "fapi2", "request_object_signing_alg": "RS256"]))
        }
        #expect(error?.problems.map(\.member) == ["request_object_signing_alg"])
    }
}
