import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9068 §2.1: access tokens signed with RS256")
struct AccessTokenAlgorithmTests {
    private static let resources = """
        {"users": [{"username": "alice", "password": "correct horse", "name": "Alice Liddell"}],
         "clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
             "redirect_uris": ["https://shop.example/callback"], "consent": "skip",
             "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
             "scope": "openid profile old new"}],
         "resource_servers": [
            {"identifier": "https://old.example", "scopes": ["old"], "access_token_signing_alg": "RS256",
             "introspection_clients": ["web"]},
            {"identifier": "https://new.example", "scopes": ["new"], "introspection_clients": ["web"]}]}
        """

    /// Returns the token and its verified header.
    private func token(
        _ issuer: TestIssuer, _ scope: String
    ) async throws -> (text: String, algorithm: SignatureAlgorithm?, key: String?) {
        let answer = try await issuer.redeem(Browser(issuer).code(scope: scope)).json()
        let text = try #require(answer["access_token"]?.string)
        let header = try JSONObject(parsing: Base64URL.decode(String(text.prefix { $0 != "." })))
        let rules = JWTRules(
            algorithms: [.es256, .rs256], issuer: issuer.issuer.identifier, types: ["at+jwt"], expiry: .required)
        _ = try JWT(validating: text, with: await issuer.keys(), rules: rules, at: issuer.clock.now)
        return (text, header["alg"]?.string.map(SignatureAlgorithm.init), header["kid"]?.string)
    }

    @Test(
        "the resource server chooses the algorithm, and the header names the key of that algorithm",
        arguments: [
            ("openid", .es256), ("openid new", .es256), ("openid old", .rs256), ("openid old new", .rs256),
        ] as [(String, SignatureAlgorithm)])
    func chosen(_ scope: String, _ algorithm: SignatureAlgorithm) async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let token = try await token(issuer, scope)
        #expect(token.algorithm == algorithm)
        let key = try await issuer.keys().keys.first { $0.keyID == token.key }
        #expect(key?.algorithm == algorithm)
    }

    @Test("Martlet accepts the token wherever it accepts one with ES256")
    func accepted() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let text = try await token(issuer, "openid profile old").text
        let bearer: HTTPFields = [.authorization: "Bearer \(text)"]
        #expect(try await issuer.send(.get, "/userinfo", headers: bearer).json()["name"] == "Alice Liddell")
        let seen = try await issuer.token([("token", text)], at: "/introspect").json()
        #expect(seen["active"] == true)
        let validated = try await issuer.call(.get, "/api/auth/validate", headers: bearer)
        #expect(try validated.json()["active"] == true)
        #expect(try await issuer.token([("token", text)], at: "/revoke").status == .ok)
        #expect(try await issuer.token([("token", text)], at: "/introspect").json() == ["active": false])
        #expect(try await issuer.send(.get, "/userinfo", headers: bearer).status == .unauthorized)
    }

    @Test("a token signed with an RS256 key of someone else, or with the wrong algorithm for its key, is refused")
    func forged() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let token = try await token(issuer, "openid old")
        let claims = try JWTClaims.of(token.text)
        let other = try PrivateKey.generate(for: .rs256)
        let forged = try await JWT.sign(claims, type: "at+jwt", with: other.signer(keyID: token.key))
        let parts = token.text.split(separator: ".")
        let header: JSONObject = ["alg": "ES256", "kid": .string(token.key ?? ""), "typ": "at+jwt"]
        for text in [forged, "\(Base64URL.encode(header.serialized())).\(parts[1]).\(parts[2])"] {
            let bearer: HTTPFields = [.authorization: "Bearer \(text)"]
            #expect(try await issuer.send(.get, "/userinfo", headers: bearer).status == .unauthorized)
        }
    }

    @Test(
        "a resource file names a supported algorithm, and only for JWTs",
        arguments: [
            (#""access_token_signing_alg": "HS256""#, "must be one of ES256, RS256, PS256, Ed25519, ES384, PS384"),
            (#""access_token_signing_alg": "none""#, "must be one of ES256, RS256, PS256, Ed25519, ES384, PS384"),
            (
                #""access_token_signing_alg": "RS256", "access_token": "opaque""#,
                "has no effect with access_token opaque; remove one of the two"
            ),
        ])
    func mistakes(_ members: String, _ reason: String) throws {
        let document = #"{"resource_servers": [{"identifier": "urn:a", "scopes": ["a"], \#(members)}]}"#
        let error = #expect(throws: InvalidResources.self) {
            try ResourceSet(JSONObject(parsing: Array(document.utf8)))
        }
        #expect(error?.problems.map(\.member) == ["resource_servers[0].access_token_signing_alg"])
        #expect(error?.problems.map(\.reason) == [reason])
    }
}
