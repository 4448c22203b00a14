import HTTPTypes
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Header fields of errors")
struct ErrorHeaderTests {
    private static let errors: [OAuthError] = [
        .methodNotAllowed(allowed: [.get, .post]), .tooManyRequests(retryAfter: 7), .unavailable(retryAfter: 2),
        .invalidClient(scheme: .basic), .bearerChallenge(.invalidToken, "the access token is not valid here"),
        .insufficientAuthentication(AuthenticationDemand(context: .multiFactor, maxAge: 60), as: .bearer),
        .challenge(DPoPRefusal("a fresh nonce is required", nonce: "n")),
        OAuthError(DPoPRefusal("a fresh nonce is required", nonce: "n")),
    ]

    @Test("every endpoint sends each header field of an error exactly once", arguments: errors)
    func once(_ error: OAuthError) async throws {
        let issuer = try await TestIssuer(mailbox: TestMailbox(), signUp: .open)
        #expect(!error.headers.isEmpty)
        for endpoint in issuer.provider.endpoints {
            let response = endpoint.refusal(error)
            for field in error.headers {
                #expect(response.headers[values: field.name] == [field.value], "\(endpoint.routes.map(\.path))")
            }
        }
    }

    @Test(
        "RFC6750-007: a challenge has each parameter at most once",
        arguments: [
            OAuthError.bearerChallenge(), .bearerChallenge(.invalidToken, "the access token is not valid here"),
            .bearerChallenge(.insufficientScope, "the scope openid is required", [("scope", "openid")]),
            .insufficientAuthentication(AuthenticationDemand(context: .multiFactor, maxAge: 60), as: .bearer),
        ])
    func parameters(_ error: OAuthError) {
        let challenges = error.headers[values: .wwwAuthenticate]
        #expect(!challenges.isEmpty)
        for challenge in challenges {
            let names = challenge.matches(of: /([a-z_]+)="[^"]*"/).map { String($0.output.1) }
            #expect(names.first == "realm")
            #expect(names.count == Set(names).count)
        }
    }

    @Test("a failed authentication is answered with one challenge (RFC 9110 §11.6.1)")
    func challenges() async throws {
        let issuer = try await TestIssuer()
        let responses = [
            try await issuer.token([("grant_type", "client_credentials")], secret: "wrong"),
            try await issuer.send(.get, "/userinfo", headers: [.authorization: "Bearer none"]),
            try await issuer.call(.get, "/api/auth/validate", headers: [.authorization: "Bearer none"]),
            try await issuer.call(.get, "/api/auth/self"),
        ]
        for response in responses {
            #expect(response.status == .unauthorized)
            #expect(response.headers[values: .wwwAuthenticate].count == 1)
        }
    }
}
