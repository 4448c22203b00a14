import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("JARM: signed authorization responses")
struct SignedResponseTests {
    private let client: SigningClient

    init() throws { client = try SigningClient() }

    private func issuer(_ registration: JSONObject = [:]) async throws -> TestIssuer {
        let signed: JSONObject = ["authorization_signed_response_alg": "RS256"]
        let registration = registration["profile"] == nil ? signed.changed(by: registration) : registration
        return try await TestIssuer(resources: TestIssuer.resources(adding: client.registration(registration)))
    }

    private func authorize(_ changes: JSONObject, at issuer: TestIssuer) async throws -> Response {
        try await Browser(issuer).authorize(client.request(changes).parameters)
    }

    /// The verified JWT in the response.
    private func verified(
        _ text: String?, at issuer: TestIssuer, _ algorithm: SignatureAlgorithm = .rs256
    ) async throws -> JWT {
        let rules = JWTRules(
            algorithms: [algorithm], issuer: issuer.issuer.identifier, audiences: ["bank"], expiry: .required, skew: 0)
        return try JWT(validating: #require(text), with: await issuer.keys(), rules: rules, at: issuer.clock.now)
    }

    @Test(
        "JARM-001 JARM-002 JARM-004 JARM-005: the response is one JWT with everything inside, in the place of its mode",
        arguments: ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"])
    func code(_ mode: String) async throws {
        let issuer = try await issuer()
        let response = try await authorize(["response_mode": .string(mode)], at: issuer)
        let text: String
        switch mode {
        case "form_post.jwt":
            let page = try response.page()
            guard case .list(let fields)? = page.data["fields"], fields.count == 1, case .object(let field) = fields[0],
                case .text("response")? = field["name"], case .text(let value)? = field["value"]
            else { throw Unexpected("\(page.data)") }
            #expect(page.text("action") == client.redirectURI)
            text = value
        default:
            let mark = mode == "fragment.jwt" ? "#" : "?"
            let prefix = "\(client.redirectURI)\(mark)response="
            let location = try #require(response.headers[.location])
            #expect(location.hasPrefix(prefix) && !location.contains("&"))
            text = String(location.dropFirst(prefix.count))
        }
        let jwt = try await verified(text, at: issuer)
        #expect(Set(jwt.claims.names) == ["iss", "aud", "exp", "code", "state"])
        #expect(jwt.claims["aud"] == "bank")
        #expect(jwt.claims["state"] == "the-state")
        #expect(jwt.claims["exp"] == 1_800_000_120)
        #expect(jwt.header["kid"] != nil)
        let tokens = try await client.redeem(#require(jwt.claims["code"]?.string), at: issuer)
        #expect(tokens.status == .ok)
    }

    @Test("JARM-001: errors are signed as well")
    func error() async throws {
        let issuer = try await issuer()
        for (changes, code): (JSONObject, JSON) in [
            (["prompt": "none"], "login_required"), (["response_type": "token"], "unsupported_response_type"),
            (["scope": "openid", "max_age": "x"], "invalid_request"),
        ] {
            let answer = try await authorize(changes.changed(by: ["response_mode": "jwt"]), at: issuer).answer()
            #expect(answer["error"] == nil && answer["iss"] == nil && answer["state"] == nil)
            let claims = try await verified(answer["response"], at: issuer).claims
            #expect(claims["error"] == code && claims["state"] == "the-state" && claims["code"] == nil)
        }
    }

    @Test(
        "JARM-003 JARM-006: each client has its algorithm, RS256 unless it registers another, and never none",
        arguments: [.rs256, .es256, .ps256, .ed25519, .es384, .ps384] as [SignatureAlgorithm])
    func algorithm(_ algorithm: SignatureAlgorithm) async throws {
        let issuer = try await issuer(["authorization_signed_response_alg": .string(algorithm.rawValue)])
        let answer = try await authorize(["response_mode": "jwt"], at: issuer).answer()
        let jwt = try await verified(answer["response"], at: issuer, algorithm)
        #expect(jwt.header["alg"]?.string == algorithm.rawValue)
        for name in ["none", "HS256", "EdDSA", "es256"] {
            #expect(throws: InvalidDocument.self) {
                try Client(client.registration(["authorization_signed_response_alg": .string(name)]))
            }
        }
    }

    @Test("a client that registers no algorithm for it can't be sent a signed response, which it would ignore")
    func unregistered() async throws {
        let issuer = try await TestIssuer(resources: TestIssuer.resources(adding: client.registration([:])))
        for mode in ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"] {
            let answer = try await authorize(["response_mode": .string(mode)], at: issuer).answer()
            #expect(answer["error"] == "invalid_request" && answer["response"] == nil)
        }
    }

    @Test("JARM-007: the metadata list modes and algorithms")
    func metadata() async throws {
        let metadata = try await issuer().send(.get, "/.well-known/openid-configuration").json()
        #expect(
            metadata["response_modes_supported"]
                == ["query", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"])
        #expect(
            metadata["authorization_signing_alg_values_supported"]
                == ["ES256", "RS256", "PS256", "Ed25519", "ES384", "PS384"])
    }

    @Test("FAPI2-MS-006: a client whose profile demands it gets only signed responses, whatever it asks for")
    func profile() async throws {
        let issuer = try await issuer(["profile": "fapi2-message-signing", "dpop_bound_access_tokens": true])
        for (mode, error): (JSON, JSON?) in [
            (.null, nil), ("jwt", nil), ("query", "invalid_request"), ("form_post", "invalid_request"),
            ("other", "invalid_request"),
        ] {
            let object = try await client.object(["response_mode": mode], for: issuer)
            let pushed = try await client.push([("request", object)], at: issuer).json()
            #expect(pushed["error"] == error)
            guard let uri = pushed["request_uri"]?.string else { continue }
            let answer = try await Browser(issuer).authorize([("client_id", "bank"), ("request_uri", uri)]).answer()
            #expect(answer["iss"] == nil)
            let claims = try await verified(answer["response"], at: issuer, .ps256).claims
            #expect(claims["code"] != nil && claims["iss"] == "https://id.example.com")
        }
    }

    @Test("a client that was deleted meanwhile gets nothing that is signed")
    func deleted() async throws {
        let issuer = try await issuer(["consent": "ask"])
        let browser = Browser(issuer)
        let page = try await browser.get("/authorize", client.request(["response_mode": "jwt"]).parameters).page()
        try await issuer.stores.clients.delete(Identifier(rawValue: "bank"))
        // The cached client has expired.
        issuer.clock.advance(by: 31)
        let response = try await browser.submit(page, [("username", "alice"), ("password", "correct horse")])
        #expect(response.headers[.location] == nil)
        #expect(try response.page().template == "error")
    }
}
