import Foundation
import Testing

@testable import Conformance

/// Recorded valid responses, which tests change in one way at a time.
enum Evidence {
    static let issuer = "https://id.example.com"
    static let now = 1_800_000_000.0
    static let registration: Registration = {
        var registration = Registration(
            clientID: "web", clientSecret: "web-secret-web-secret", redirectURIs: ["https://rp.example/cb?x=1"])
        registration.postLogoutRedirectURIs = ["https://rp.example/out"]
        return registration
    }()

    static var document: [String: JSON] {
        [
            "issuer": .string(issuer), "authorization_endpoint": "https://id.example.com/authorize",
            "token_endpoint": "https://id.example.com/token", "jwks_uri": "https://id.example.com/jwks",
            "userinfo_endpoint": "https://id.example.com/userinfo",
            "end_session_endpoint": "https://id.example.com/logout", "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
            "grant_types_supported": ["authorization_code"], "scopes_supported": ["openid", "email"],
            "claims_supported": ["sub", "name"], "ui_locales_supported": ["en", "de-CH"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"], "request_parameter_supported": false,
            "request_uri_parameter_supported": false, "claims_parameter_supported": true,
            "authorization_response_iss_parameter_supported": true,
        ]
    }

    static func json(_ members: [String: JSON], status: Int = 200, type: String = "application/json") -> WebAnswer {
        WebAnswer(
            status: status, headers: [Parameter("Content-Type", type), Parameter("Cache-Control", "no-store")],
            body: Array(JSON.object(members).text.utf8))
    }

    static func metadata(_ change: (inout [String: JSON]) -> Void = { _ in }, status: Int = 200) throws
        -> ProviderMetadata
    {
        var members = document
        change(&members)
        return try ProviderMetadata(
            address: WebAddress("\(issuer)/.well-known/openid-configuration"), answer: json(members, status: status))
    }

    static func request(_ change: (inout AuthorizationRequest) -> Void = { _ in }) -> AuthorizationRequest {
        var request = AuthorizationRequest(registration)
        request["state"] = "the-state"
        request["nonce"] = "the-nonce"
        change(&request)
        return request
    }

    /// A response of the authorization endpoint. `address` and `form` are as the client receives them.
    static func answer(
        _ address: String = "https://rp.example/cb?x=1&code=\(code)&state=the-state&iss=https%3A%2F%2Fid.example.com",
        method: String = "GET", form: [Parameter] = [], request: AuthorizationRequest = Evidence.request()
    ) throws -> AuthorizationAnswer {
        AuthorizationAnswer(
            request: request, landing: Landing(address: WebAddress(address), method: method, form: form), visited: [],
            metadata: try metadata())
    }

    static let code = "Zm9vYmFyYmF6cXV4-1234567890_ABCDEFGHIJKLMnop"
    static let token = "c29tZS1hY2Nlc3MtdG9rZW4.0987654321~XYZabcdefghKLMNO"

    static func tokens(
        status: Int = 200, type: String = "application/json", scope: String = "openid",
        grant: String = "authorization_code", _ change: (inout [String: JSON]) -> Void = { _ in }
    ) -> TokenAnswer {
        var members: [String: JSON] = [
            "access_token": .string(token), "token_type": "Bearer", "expires_in": 600, "id_token": "e30.e30.",
        ]
        change(&members)
        return TokenAnswer(grantType: grant, scope: scope, answer: json(members, status: status, type: type))
    }

    static let claims: [String: JSON] = [
        "iss": .string(issuer), "sub": "somebody", "aud": "web", "exp": .number(now + 3_600), "iat": .number(now),
        "auth_time": .number(now - 10), "nonce": "the-nonce", "acr": "urn:example:1",
        "at_hash": .string(HalfHash.of(token, for: "HS256") ?? ""),
        "c_hash": .string(HalfHash.of(code, for: "HS256") ?? ""),
    ]

    static func idToken(
        secret: String? = registration.clientSecret, header: [String: JSON] = [:],
        _ change: (inout [String: JSON]) -> Void = { _ in }
    ) throws -> IDTokenEvidence {
        var members = claims
        change(&members)
        let text = try SigningKey.secret(secret ?? "").sign(members, header: header)
        return IDTokenEvidence(
            token: try JWS(text), issuer: issuer, registration: registration, request: request(), accessToken: token,
            code: code, keys: [], now: now)
    }

    static func userInfo(
        status: Int = 200, type: String = "application/json", _ change: (inout [String: JSON]) -> Void = { _ in }
    ) throws -> UserInfoEvidence {
        var members: [String: JSON] = [
            "sub": "somebody", "name": "Some Body", "email": "some@example.com", "email_verified": true,
            "updated_at": 1_700_000_000, "address": ["country": "GB"], "phone_number": "+44",
            "phone_number_verified": false,
            "_claim_names": ["age": "src"], "_claim_sources": ["src": ["JWT": "x"]],
        ]
        change(&members)
        return UserInfoEvidence(answer: json(members, status: status, type: type), idToken: try idToken().token)
    }
}

/// Returns the conditions that `evidence` breaks.
func broken<Value>(_ conditions: [Condition<Value>], _ evidence: Value) -> Set<String> {
    Set(conditions.filter { if case .broken = $0.verdict(on: evidence) { true } else { false } }.map(\.name))
}

/// Expects that `good` breaks no condition, and that each condition is broken by at least one of `bad`.
func each<Value>(_ conditions: [Condition<Value>], good: Value, bad: [(Condition<Value>, Value)]) {
    #expect(broken(conditions, good) == [])
    var seen: Set<String> = []
    for (condition, evidence) in bad {
        let names = broken(conditions, evidence)
        #expect(names.contains(condition.name), "\(condition.name) holds for what is wrong")
        seen.insert(condition.name)
    }
    #expect(seen == Set(conditions.map(\.name)))
}
