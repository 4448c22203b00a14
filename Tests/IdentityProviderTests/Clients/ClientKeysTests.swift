import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 7591 §2; OpenID Connect Core §10.1.1: keys of clients at jwks_uri")
struct ClientKeysTests {
    private static let uri = "https://bank.example/jwks"
    private let client: SigningClient
    private let servers = ClientServers()

    init() throws { client = try SigningClient() }

    private func issuer(_ more: JSONObject = [:]) async throws -> TestIssuer {
        let registration = client.registration(["jwks": .null, "jwks_uri": .string(Self.uri)]).changed(by: more)
        return try await TestIssuer(resources: TestIssuer.resources(adding: registration), fetcher: servers)
    }

    private func publish(_ keys: PrivateKey..., others: [JSON] = []) {
        let own = JWKSet(keys: keys.map { $0.publicKey() }).object["keys"]?.array ?? []
        let set: JSONObject = ["keys": .array(others + own)]
        servers.answer(Self.uri, String(decoding: set.serialized(), as: UTF8.self), type: "application/json")
    }

    private func token(_ issuer: TestIssuer, of client: SigningClient? = nil) async throws -> Response {
        let form = [("grant_type", "client_credentials"), ("scope", "orders.read")]
        return try await issuer.send(
            .post, "/token", form: form + (client ?? self.client).credentials(for: issuer))
    }

    @Test("assertions and request objects are verified with the keys at jwks_uri")
    func verified() async throws {
        let issuer = try await issuer()
        publish(client.key)
        #expect(try await token(issuer).status == .ok)
        let response = try await Browser(issuer).authorize([
            ("client_id", "bank"), ("request", try await client.object(for: issuer)),
        ])
        #expect(try response.answer()["code"] != nil)
        #expect(Set(servers.policies.map(\.allowsPrivateNetworks)) == [false])
        #expect(servers.policies.allSatisfy { $0.maximumSize == 65_536 && $0.timeout == .seconds(5) })
        let inside = try await self.issuer(["private_network": true])
        #expect(try await token(inside).status == .ok)
        #expect(servers.policies.last?.allowsPrivateNetworks == true)
    }

    @Test("a key that the client has just replaced is fetched past the cache")
    func renewal() async throws {
        let issuer = try await issuer()
        publish(try PrivateKey.generate(for: .es256))
        #expect(try await token(issuer).status == .unauthorized)
        #expect(servers.asked.map { $0.headers[.cacheControl] } == [nil, "no-cache"])
        publish(client.key)
        #expect(try await token(issuer).status == .ok)
    }

    @Test("forged signatures don't make Martlet flood the client's server")
    func flood() async throws {
        let issuer = try await issuer()
        publish(client.key)
        let forger = try SigningClient("bank")
        for number in 0..<12 {
            // From elsewhere each time, so that the rate limit for guesses doesn't hide it.
            let form = try await [("grant_type", "client_credentials")] + forger.credentials(for: issuer)
            let answer = try await issuer.send(.post, "/token", form: form, from: "192.0.2.\(number)")
            #expect(answer.status == .unauthorized)
        }
        #expect(servers.asked.count { $0.headers[.cacheControl] == "no-cache" } == 5)
    }

    @Test(
        "keys that can't be read are the recorded reason, and don't lock the client out",
        arguments: [
            .timedOut(host: "bank.example", after: .seconds(5)), .privateAddress(host: "bank.example"),
            .redirected(host: "bank.example", status: 301),
            .unsuccessful(host: "bank.example", FetchResponse(status: 404)),
            nil,
        ] as [FetchError?])
    func unavailable(_ failure: FetchError?) async throws {
        let issuer = try await issuer()
        if let failure {
            servers.fail(Self.uri, failure)
        } else {
            servers.answer(Self.uri, "<html>", type: "application/json")
        }
        for _ in 0..<15 {
            let answer = try await token(issuer)
            #expect(answer.status == .unauthorized)
            // As for any other reason, so that nobody learns which clients exist.
            #expect(
                try answer.json()
                    == ["error": "invalid_client", "error_description": "client authentication failed"])
        }
        let record = try #require(try await issuer.recorded().last { $0.event == "client_authentication_failed" })
        #expect(record.details["reason"] == "keys_unavailable")
        let object = try await client.object(for: issuer)
        let page = try await Browser(issuer).authorize([("client_id", "bank"), ("request", object)])
        #expect(page.status == .badRequest)
        #expect(try page.page().template == "error")
        publish(client.key)
        #expect(try await token(issuer).status == .ok)
    }

    @Test("the log has the cause, which the client doesn't see")
    func cause() async throws {
        let issuer = try await issuer()
        servers.fail(Self.uri, .unreachable(host: "bank.example", reason: "connection refused"))
        let endpoint = try #require(issuer.provider.endpoints.first { $0.routes.map(\.path) == [Path("/token")] })
        let credentials = try await client.credentials(for: issuer).map { (name: $0.0, value: $0.1) }
        let form = FormEncoding.encode([(name: "grant_type", value: "client_credentials")] + credentials)
        let request = try Request(
            method: .post, path: "/token", headers: [.contentType: "application/x-www-form-urlencoded"],
            body: Array(form.utf8))
        let error = await #expect(throws: OAuthError.self) { try await endpoint.respond(to: request) }
        #expect(error?.cause.map { "\($0)" }?.contains("connection refused") == true)
        #expect(error?.description.contains("connection refused") == false)
    }

    @Test("keys of unknown types, with private members or for encryption don't disturb the others")
    func unusable() async throws {
        let issuer = try await issuer()
        var secret = client.key.object
        secret["kid"] = "secret"
        publish(client.key, others: [7, [:], ["kty": "AKP"], ["kty": "oct", "k": "AA"], .object(secret)])
        #expect(try await token(issuer).status == .ok)
    }

    @Test(
        "FAPI2-SP-043: jwks_uri is an https URL, and replaces jwks",
        arguments: [
            ["jwks_uri": "http://bank.example/jwks", "jwks": .null], ["jwks_uri": "https://bank.example/jwks"],
        ]
            as [JSONObject])
    func registration(_ changes: JSONObject) throws {
        let error = #expect(throws: InvalidDocument.self) { try Client(client.registration(changes)) }
        #expect(error?.problems.contains { $0.member == "jwks_uri" } == true)
    }

    @Test("FAPI2-SP-044: of keys with the same kid, the one with the right algorithm counts")
    func sameKeyID() async throws {
        let (first, second) = (try PrivateKey.generate(for: .es384), client.key)
        let keys = JWKSet(keys: [first.publicKey(keyID: "k"), second.publicKey(keyID: "k")]).object
        let issuer = try await issuer(["jwks_uri": .null, "jwks": .object(keys)])
        let text = try await JWT.sign(client.assertion(for: issuer), type: nil, with: second.signer(keyID: "k"))
        let form = [
            ("grant_type", "client_credentials"), ("client_assertion_type", SigningClient.assertionType),
            ("client_assertion", text),
        ]
        #expect(try await issuer.send(.post, "/token", form: form).status == .ok)
    }
}
