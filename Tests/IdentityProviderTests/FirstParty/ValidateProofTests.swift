import Authenticators
import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Validation of bound tokens for a gateway (RFC 9449 §7; RFC 8705 §3)")
struct ValidateProofTests {
    private static let called = "https://orders.example/v1/orders?id=7"

    /// The token and the proof that a client sent to the gateway.
    private struct Call {
        let client: DPoPClient
        let token: String
        let proof: String

        init(_ client: DPoPClient, _ claims: [String: JSON?] = [:]) async throws {
            self.client = client
            token = try await client.tokens(scope: "openid orders.read")["access_token"]?.string ?? ""
            proof = try await client.key.proof(
                "POST", called, at: client.issuer.clock.now, token: token, claims: claims)
        }

        func validate(_ query: String, _ more: HTTPFields = [:]) async throws -> Response {
            try await client.get(
                "/api/auth/validate", token, query: "audience=https://orders.example" + query, proofs: [proof], more)
        }
    }

    private static func query(_ method: String, _ uri: String) -> String {
        "&htm=\(method)&htu=\(FormEncoding.encode([(name: "x", value: uri)]).dropFirst(2))"
    }

    @Test("a gateway names the request that its client made, and the proof works once")
    func parameters() async throws {
        let call = try await Call(DPoPClient())
        for (method, uri) in [
            ("GET", Self.called), ("POST", "https://orders.example/v1"), ("POST", "http://orders.example/v1/orders"),
            ("POST", "https://id.example.com/api/auth/validate"),
        ] {
            let refused = try await call.validate(Self.query(method, uri))
            #expect(refused.status == .unauthorized)
            #expect(refused.problem == "invalid_dpop_proof")
            #expect(try refused.json()["active"] == false)
            #expect(refused.challenge.hasPrefix("DPoP realm=\"martlet\", error=\"invalid_dpop_proof\""))
            #expect(refused.challenge.contains("algs="))
        }
        let answer = try await call.validate(Self.query("POST", Self.called))
        #expect(answer.status == .ok)
        #expect(try answer.json()["active"] == true)
        #expect(try answer.json()["roles"] == ["editor"])
        #expect(try await call.validate(Self.query("POST", Self.called)).problem == "invalid_dpop_proof")
    }

    @Test("a trusted proxy describes the request in X-Forwarded fields")
    func forwarded() async throws {
        let call = try await Call(DPoPClient())
        let fields: HTTPFields = [
            .forwardedMethod: "POST", .forwardedProto: "https", .forwardedHost: "orders.example",
            .forwardedURI: "/v1/orders?id=7",
        ]
        for name in [HTTPField.Name.forwardedMethod, .forwardedURI, .forwardedHost, .forwardedProto] {
            var incomplete = fields
            incomplete[name] = nil
            // Without the field, the request is about validate itself.
            #expect(try await call.validate("", incomplete).problem == "invalid_dpop_proof")
        }
        var twice = fields
        twice.append(HTTPField(name: .forwardedMethod, value: "GET"))
        #expect(try await call.validate("", twice).status != .ok)
        #expect(try await call.validate("", fields).status == .ok)
    }

    @Test("what the gateway names counts more than the fields of a proxy in front of Martlet")
    func both() async throws {
        let call = try await Call(DPoPClient())
        let fields: HTTPFields = [
            .forwardedMethod: "GET", .forwardedProto: "https", .forwardedHost: "id.example.com",
            .forwardedURI: "/api/auth/validate",
        ]
        #expect(try await call.validate(Self.query("POST", Self.called), fields).status == .ok)
    }

    @Test("a client may ask for itself, with a proof for validate")
    func itself() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens()["access_token"]?.string
        #expect(try await client.get("/api/auth/validate", token).status == .ok)
    }

    @Test(
        "a proof for another host shows nothing of what is for this issuer only",
        arguments: ["", "audience=https://id.example.com&", "audience=https://unknown.example&"])
    func otherHost(_ audience: String) async throws {
        let call = try await Call(DPoPClient())
        let client = call.client
        func ask(_ query: String, _ fields: HTTPFields = [:]) async throws -> Response {
            try await client.get("/api/auth/validate", call.token, query: query, proofs: [call.proof], fields)
        }
        let named = try await ask(audience + Self.query("POST", Self.called).dropFirst())
        let described = try await ask(
            audience,
            [
                .forwardedMethod: "POST", .forwardedProto: "https", .forwardedHost: "orders.example",
                .forwardedURI: "/v1/orders",
            ])
        for refused in [named, described] {
            #expect(refused.status == .badRequest)
            #expect(refused.problem == "invalid_request")
            #expect(try refused.json()["detail"]?.string?.hasPrefix("audience must") == true)
            #expect(try refused.json()["active"] == nil)
            #expect(try refused.json()["username"] == nil)
        }
        // The proof was not used up.
        #expect(try await call.validate(Self.query("POST", Self.called)).status == .ok)
    }

    @Test("a gateway may name validate itself, which a client asked with a proof for it")
    func namedItself() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens()["access_token"]?.string
        let query = String(Self.query("GET", client.uri("/api/auth/validate")).dropFirst())
        #expect(try await client.get("/api/auth/validate", token, query: query).status == .ok)
    }

    @Test(
        "half a request, or one that no proof can match, is a mistake of the gateway",
        arguments: [
            "&htm=POST", "&htu=https://orders.example/", "&htm=POST&htu=", "&htm=POST&htu=/v1/orders",
            "&htm=POST&htu=orders.example", "&htm=POST&htu=ftp://orders.example/", "&htm=POST&htu=https://a%20b/",
        ])
    func incomplete(_ query: String) async throws {
        let call = try await Call(DPoPClient())
        #expect(try await call.validate(query).problem == "invalid_request")
    }

    @Test("another key, another token, or a bearer token gets no answer about a bound token")
    func thief() async throws {
        let client = try await DPoPClient()
        let call = try await Call(client)
        let about = Self.query("POST", Self.called)
        let other = try client.other()
        let forged = try await other.key.proof("POST", Self.called, at: client.issuer.clock.now, token: call.token)
        let query = "audience=https://orders.example" + about
        let refused = try await client.get("/api/auth/validate", call.token, query: query, proofs: [forged])
        #expect(refused.problem == "authentication_failed")
        #expect(refused.challenge.hasPrefix("DPoP realm=\"martlet\", error=\"invalid_token\""))
        let swapped = try await Call(client)
        let answer = try await client.get("/api/auth/validate", swapped.token, query: query, proofs: [call.proof])
        #expect(answer.problem == "invalid_dpop_proof")
        for proofs in [[], [call.proof]] {
            let bearer = try await client.get(
                "/api/auth/validate", call.token, query: query, scheme: "Bearer", proofs: proofs)
            #expect(bearer.status == .unauthorized)
            #expect(try bearer.json()["active"] == false)
        }
        #expect(try await call.validate(about).status == .ok)
    }

    @Test("bearer tokens need no proof, whatever the gateway names")
    func bearer() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens(scope: "openid orders.read", proofs: [])["access_token"]?.string
        let query = "audience=https://orders.example" + Self.query("POST", Self.called)
        #expect(
            try await client.get("/api/auth/validate", token, query: query, scheme: "Bearer", proofs: []).status == .ok)
    }

    @Test("the gateway passes the demand for a nonce on, and the nonce")
    func nonces() async throws {
        let client = try await DPoPClient { $0.requiresDPoPNonces = true }
        let nonce = try #require(try await client.ownToken().headers[.dpopNonce])
        let proof = try await client.proof("POST", "/token", nonce: nonce)
        let token = try await client.tokens(scope: "openid orders.read", proofs: [proof])["access_token"]?.string ?? ""
        let query = "audience=https://orders.example" + Self.query("POST", Self.called)
        func ask(_ nonce: String?) async throws -> Response {
            let proof = try await client.key.proof(
                "POST", Self.called, at: client.issuer.clock.now, token: token, nonce: nonce)
            return try await client.get("/api/auth/validate", token, query: query, proofs: [proof])
        }
        let asked = try await ask(nil)
        #expect(asked.status == .unauthorized)
        #expect(asked.problem == "use_dpop_nonce")
        #expect(asked.challenge.contains("error=\"use_dpop_nonce\""))
        #expect(asked.headers[values: .dpopNonce].count == 1)
        client.issuer.clock.advance(by: 160)
        let answer = try await ask(nonce)
        #expect(answer.status == .ok)
        #expect(answer.headers[values: .dpopNonce].count == 1)
    }

    @Test("a step-up challenge comes in the scheme of the token")
    func stepUp() async throws {
        let call = try await Call(DPoPClient())
        let refused = try await call.validate(Self.query("POST", Self.called) + "&acr_values=urn:martlet:acr:2")
        #expect(refused.problem == "insufficient_user_authentication")
        #expect(refused.challenge.hasPrefix("DPoP realm=\"martlet\", error=\"insufficient_user_authentication\""))
    }

    @Test("RFC 8705 §3: a token bound to a certificate is valid only with the certificate that the gateway passes on")
    func certificate() async throws {
        let issuer = try await TestIssuer(resources: DPoPClient.resources)
        let der = try Self.certificate()
        let thumbprint = try X509Certificate(der: der).thumbprint
        let token = try issuer.core.sealer.seal(
            AccessToken(
                id: "t", authorization: nil, client: Identifier(rawValue: "web"), user: nil, scope: [],
                audience: [issuer.issuer.identifier], issuedAt: issuer.clock.now,
                expiresAt: issuer.clock.now.addingTimeInterval(60), authenticatedAt: nil, amr: [], acr: nil,
                confirmation: Confirmation(certificate: thumbprint)), for: .accessToken)
        func ask(_ certificates: [[UInt8]]) async throws -> HTTPResponse.Status {
            let request = try Request(
                method: .get, path: "/api/auth/validate", headers: [.authorization: "Bearer \(token)"],
                certificates: certificates)
            let endpoint = try #require(
                issuer.provider.endpoints.first { $0.routes.contains { $0.path.text == "/api/auth/validate" } })
            do { return try await endpoint.respond(to: request).status } catch {
                return endpoint.refusal(OAuthError(reporting: error)).status
            }
        }
        #expect(try await ask([der]) == .ok)
        #expect(try await ask([]) == .unauthorized)
        #expect(try await ask([[1, 2, 3]]) == .unauthorized)
        #expect(try await ask([[1, 2, 3], der]) == .unauthorized)
    }

    /// The certificate of RFC 8705 Appendix A.
    private static func certificate() throws -> [UInt8] {
        let data = Data(
            base64Encoded: """
                MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzEN
                MAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/co
                ZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWU
                VeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
                """, options: .ignoreUnknownCharacters)
        return Array(try #require(data))
    }
}
