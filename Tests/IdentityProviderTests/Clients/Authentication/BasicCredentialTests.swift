import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 6749 §2.3.1: credentials that are form-encoded, and those that are not")
struct BasicCredentialTests {
    private static let secret = "p+s/w%41d=one two:3"

    /// An issuer with one client.
    private func issuer(_ client: String = "shop", secret: String = secret) async throws -> TestIssuer {
        try await TestIssuer(
            resources: String(
                decoding: JSON.object([
                    "clients": [
                        [
                            "client_id": .string(client), "client_secret": .string(secret),
                            "grant_types": ["client_credentials"], "scope": "openid",
                        ]
                    ]
                ]).serialized(), as: UTF8.self))
    }

    private func send(
        _ issuer: TestIssuer, _ credentials: String, _ form: [(String, String)] = []
    ) async throws -> Response {
        let field = "Basic \(Data(credentials.utf8).base64EncodedString())"
        return try await issuer.send(
            .post, "/token", form: [("grant_type", "client_credentials")] + form, headers: [.authorization: field])
    }

    @Test(
        "a secret is accepted encoded and as it is",
        arguments: [
            secret, "p%2Bs%2Fw%2541d%3Done+two%3A3", "p%2bs%2fw%2541d%3done%20two%3a3", "p%2Bs/w%2541d=one two:3",
        ])
    func accepted(_ text: String) async throws {
        #expect(try await send(issuer(), "shop:\(text)").status == .ok)
    }

    @Test(
        "everything else is refused with the same response",
        arguments: [
            // Decoded once too often, as if the plain secret had been encoded.
            "p s/wAd=one two:3", "p%2Bs/w%41d=one+two:3", "p+s/wAd=one two:3", "", "%", "\u{0}", "p+s/w%41d=one two:",
        ])
    func refused(_ text: String) async throws {
        let response = try await send(issuer(), "shop:\(text)")
        #expect(response.status == .unauthorized)
        #expect(
            try response.json() == ["error": "invalid_client", "error_description": "client authentication failed"])
        #expect(response.headers[.wwwAuthenticate]?.hasPrefix("Basic realm=") == true)
    }

    @Test("a percent sign that encodes nothing is an ordinary character of an unencoded secret")
    func malformed() async throws {
        let issuer = try await issuer(secret: "one hundred % of it")
        #expect(try await send(issuer, "shop:one hundred % of it").status == .ok)
        #expect(try await send(issuer, "shop:one+hundred+%25+of+it").status == .ok)
        #expect(try await send(issuer, "shop:one+hundred+%+of+it").status == .unauthorized)
    }

    @Test(
        "so is a client_id, together with its secret: one part encoded and the other not is neither",
        arguments: [
            ("a+b%2F", secret, HTTPResponse.Status.ok), ("a%2Bb%252F", "p%2Bs%2Fw%2541d%3Done+two%3A3", .ok),
            ("a%2Bb%252F", secret, .unauthorized), ("a+b%2F", "p%2Bs%2Fw%2541d%3Done+two%3A3", .unauthorized),
        ])
    func identifiers(_ client: String, _ secret: String, _ status: HTTPResponse.Status) async throws {
        let issuer = try await issuer("a+b%2F")
        #expect(try await send(issuer, "\(client):\(secret)").status == status)
        #expect(try await send(issuer, "\(client):\(secret)", [("client_id", "a+b%2F")]).status == status)
        let other = try await send(issuer, "\(client):\(secret)", [("client_id", "other")])
        #expect(try other.json()["error"] == "invalid_client")
    }

    @Test("of two clients that one text can name, it means the one that the standard says")
    func precedence() async throws {
        let issuer = try await issuer("a/b", secret: "the secret of a/b")
        let digest = SecretDigester(issuer.vault).digest("the secret of the other", of: Client.self)
        try await issuer.stores.clients.save(
            Client(
                ["client_id": "a%2Fb", "grant_types": ["client_credentials"], "scope": "openid"],
                secret: ClientSecret(digest: digest)))
        #expect(try await send(issuer, "a%2Fb:the+secret+of+a/b").status == .ok)
        #expect(try await send(issuer, "a%2Fb:the secret of the other").status == .unauthorized)
        #expect(try await send(issuer, "a%252Fb:the+secret+of+the+other").status == .ok)
        // The caller can say which one it is.
        let named = [("client_id", "a%2Fb")]
        #expect(try await send(issuer, "a%2Fb:the secret of the other", named).status == .ok)
    }

    @Test("guesses count for the client that they are about, however they are encoded")
    func guesses() async throws {
        let issuer = try await issuer("a+b")
        var statuses: [HTTPResponse.Status] = []
        for number in 0..<30 {
            let client = number.isMultiple(of: 2) ? "a+b" : "a%2Bb"
            statuses.append(try await send(issuer, "\(client):guess-\(number)").status)
        }
        #expect(statuses.prefix(10).allSatisfy { $0 == .unauthorized })
        #expect(statuses.dropFirst(10).allSatisfy { $0 == .tooManyRequests })
    }

    @Test("a generated secret has only unreserved characters (RFC 3986 §2.3)")
    func generated() async throws {
        let issuer = try await issuer()
        let client = try #require(try await issuer.stores.clients.all().first)
        for _ in 0..<20 {
            let secret = try await issuer.administration.renewSecret(of: client)
            #expect(FormEncoding.encode(secret) == secret)
            #expect(secret.utf8.count == 43)
        }
    }
}
