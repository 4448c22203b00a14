import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("RFC 9101 §5.2; OpenID Connect Core §6.2: request objects by reference")
struct RequestObjectByReferenceTests {
    private static let uri = "https://bank.example/object"
    private let client: SigningClient
    private let servers = ClientServers()

    init() throws { client = try SigningClient() }

    private func issuer(_ more: JSONObject = [:]) async throws -> TestIssuer {
        var registration = client.registration(["request_uris": [.string(Self.uri)]])
        registration.merge(more)
        return try await TestIssuer(resources: TestIssuer.resources(adding: registration), fetcher: servers)
    }

    private func authorize(_ uri: String, at issuer: TestIssuer) async throws -> Response {
        try await Browser(issuer).authorize([
            ("client_id", "bank"), ("request_uri", uri), ("redirect_uri", "https://evil.example/"),
        ])
    }

    @Test(
        "RFC9101-007: the object at a registered address is fetched and validated like any other",
        arguments: ["application/oauth-authz-req+jwt", "application/jwt; charset=utf-8"])
    func wholeFlow(_ type: String) async throws {
        let issuer = try await issuer()
        servers.answer(Self.uri, try await client.object(for: issuer), type: type)
        #expect(try await authorize(Self.uri, at: issuer).answer()["state"] == "the-state")
        #expect(servers.asked.map(\.method) == [.get])
        servers.answer(Self.uri, try await client.object(["client_id": "other"], for: issuer), type: type)
        #expect(try await authorize(Self.uri, at: issuer).page().template == "error")
    }

    @Test(
        "RFC9101-006 RFC9101-013: no other address is ever fetched",
        arguments: [
            "https://bank.example/object2", "https://bank.example/object#x", "HTTPS://bank.example/object",
            "https://bank.example/object?x", "http://127.0.0.1/", "file:///etc/passwd",
            "https://user@bank.example/object", "https://bank.example/object ", "urn:example:x",
        ])
    func unregistered(_ uri: String) async throws {
        let issuer = try await issuer()
        let response = try await authorize(uri, at: issuer)
        #expect(response.status == .badRequest)
        #expect(try response.page().template == "error")
        #expect(servers.asked.isEmpty)
    }

    @Test(
        "RFC9101-006: only https addresses without a fragment can be registered",
        arguments: ["http://bank.example/o", "https://bank.example/o#f", "bank.example/o", "https://bank.example/ o"])
    func registration(_ uri: String) throws {
        let error = #expect(throws: InvalidDocument.self) {
            try Client(client.registration(["request_uris": [.string(uri)]]))
        }
        #expect(error?.problems.map(\.member) == ["request_uris[0]"])
    }

    @Test(
        "RFC9101-007: a server that redirects, hangs, sends too much or another type, or is in a private network",
        arguments: [
            .redirected(host: "bank.example", status: 302), .timedOut(host: "bank.example", after: .seconds(5)),
            .tooLarge(host: "bank.example", limit: 16_384), .privateAddress(host: "bank.example"),
            .mediaType("text/html", host: "bank.example", expected: []), .unknownHost("bank.example"),
            .unsuccessful(host: "bank.example", FetchResponse(status: 500)), .busy(host: "bank.example"),
        ] as [FetchError])
    func failure(_ error: FetchError) async throws {
        let issuer = try await issuer()
        servers.fail(Self.uri, error)
        let response = try await authorize(Self.uri, at: issuer)
        #expect(response.status == .badRequest)
        #expect(try response.page().template == "error")
    }

    @Test("RFC9101-007: requests have bounds, and stay out of private networks unless the operator allows them")
    func policy() async throws {
        for isPrivate in [false, true] {
            let issuer = try await issuer(isPrivate ? ["private_network": true] : [:])
            servers.answer(Self.uri, String(repeating: "a", count: 10_000_000), type: "application/jwt")
            #expect(try await authorize(Self.uri, at: issuer).page().template == "error")
            let policy = try #require(servers.policies.last)
            #expect(policy.allowsPrivateNetworks == isPrivate)
            #expect(policy.timeout == .seconds(5))
            #expect(policy.maximumSize == 16_384)
            #expect(policy.mediaTypes == ["application/oauth-authz-req+jwt", "application/jwt"])
        }
    }
}
