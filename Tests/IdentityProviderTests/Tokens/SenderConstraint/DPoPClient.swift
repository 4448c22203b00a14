import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport

@testable import IdentityProvider

/// A client that proves to have a key with each request.
struct DPoPClient {
    static let resources = """
        {"roles": [{"name": "editor", "permissions": ["orders:ship"]}],
         "users": [{"username": "alice", "password": "correct horse", "email": "alice@example.com",
             "email_verified": true, "roles": ["editor"]},
            {"username": "bob", "password": "battery staple"}],
         "clients": [
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "pkce": "optional",
             "redirect_uris": ["https://shop.example/callback"], "consent": "skip",
             "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
             "scope": "openid profile offline_access orders.read reports.read"},
            {"client_id": "spa", "token_endpoint_auth_method": "none", "redirect_uris": ["https://spa.example/"],
             "grant_types": ["authorization_code", "refresh_token"], "scope": "openid profile offline_access orders.read",
             "consent": "skip"},
            {"client_id": "bound", "client_secret": "bound-secret-bound-secret-bound-secret-1",
             "grant_types": ["client_credentials"], "dpop_bound_access_tokens": true, "scope": "orders.read"},
            {"client_id": "app", "token_endpoint_auth_method": "none", "grant_types": ["refresh_token"],
             "first_party": true, "scope": "openid profile offline_access"},
            {"client_id": "safe", "token_endpoint_auth_method": "none", "grant_types": ["refresh_token"],
             "first_party": true, "scope": "openid", "dpop_bound_access_tokens": true},
            {"client_id": "api", "client_secret": "api-secret-api-secret-api-secret-1", "grant_types": []},
            {"client_id": "wiki", "token_endpoint_auth_method": "none", "grant_types": [],
             "forward_auth": {"origins": ["https://wiki.example"], "roles": ["editor"], "permissions": ["orders:ship"],
                "resource": "https://orders.example"}},
            {"client_id": "open", "token_endpoint_auth_method": "none", "grant_types": [],
             "forward_auth": {"origins": ["https://open.example"], "resource": "https://orders.example"}},
            {"client_id": "strict", "token_endpoint_auth_method": "none", "grant_types": [],
             "minimum_acr": "urn:martlet:acr:2",
             "forward_auth": {"origins": ["https://strict.example"], "resource": "https://orders.example"}},
            {"client_id": "opaque", "token_endpoint_auth_method": "none", "grant_types": [],
             "forward_auth": {"origins": ["https://opaque.example"], "resource": "https://reports.example"}},
            {"client_id": "browsers", "token_endpoint_auth_method": "none", "grant_types": [],
             "forward_auth": {"origins": ["https://browsers.example"]}}],
         "resource_servers": [
            {"identifier": "https://orders.example", "scopes": ["orders.read"], "claims": ["roles"],
             "introspection_clients": ["api"]},
            {"identifier": "https://reports.example", "scopes": ["reports.read"], "access_token": "opaque",
             "introspection_clients": ["api"]}]}
        """

    let issuer: TestIssuer
    let key: DPoPKey

    init(_ issuer: TestIssuer, _ key: DPoPKey? = nil) throws {
        self.issuer = issuer
        self.key = try key ?? DPoPKey()
    }

    init(_ database: TestDatabase? = nil, configure: (inout Settings) -> Void = { _ in }) async throws {
        try self.init(await TestIssuer(resources: Self.resources, database: database, configure: configure))
    }

    /// Another client at the same issuer, with another key.
    func other() throws -> DPoPClient { try DPoPClient(issuer) }

    func uri(_ path: String) -> String { issuer.issuer.identifier + path }

    func proof(
        _ method: String, _ path: String, token: String? = nil, nonce: String? = nil,
        claims: [String: JSON?] = [:]
    ) async throws -> String {
        try await key.proof(
            method, uri(path), at: issuer.clock.now, token: token, nonce: nonce, claims: claims)
    }

    /// Sends a form with the secret of `client`, and with these proofs, by default a valid one.
    func post(
        _ path: String, _ form: [(String, String)], as client: String? = nil, proofs: [String]? = nil
    ) async throws -> Response {
        var headers: HTTPFields = [:]
        if let client {
            let credentials = "\(client):\(client)-secret-\(client)-secret-\(client)-secret-1"
            headers[.authorization] = "Basic \(Data(credentials.utf8).base64EncodedString())"
        }
        let valid = try await proof("POST", path)
        for proof in proofs ?? [valid] { headers.append(HTTPField(name: .dpop, value: proof)) }
        return try await issuer.send(.post, path, form: form, headers: headers)
    }

    /// Requests a token for the client itself.
    func ownToken(as client: String = "web", scope: String? = nil, proofs: [String]? = nil) async throws -> Response {
        let scope = scope.map { [("scope", $0)] } ?? []
        return try await post(
            "/token", [("grant_type", "client_credentials")] + scope, as: client, proofs: proofs)
    }

    /// Gets a code for the public client.
    func code(
        _ verifier: Proof, scope: String = "openid offline_access", as user: String = "alice",
        password: String = "correct horse", _ more: [(String, String)] = []
    ) async throws -> String {
        let request = [
            ("response_type", "code"), ("client_id", "spa"), ("redirect_uri", "https://spa.example/"), ("scope", scope),
        ]
        return try await Browser(issuer).authorize(
            request + verifier.parameters + more, as: user, password: password
        ).answer().required("code")
    }

    func redeem(_ code: String, _ verifier: Proof, proofs: [String]? = nil) async throws -> Response {
        let form = [
            ("grant_type", "authorization_code"), ("client_id", "spa"), ("code", code),
            ("redirect_uri", "https://spa.example/"), ("code_verifier", verifier.verifier),
        ]
        return try await post("/token", form, proofs: proofs)
    }

    /// The tokens of a user, through the public client.
    func tokens(
        scope: String = "openid offline_access", as user: String = "alice", password: String = "correct horse",
        proofs: [String]? = nil
    ) async throws -> JSONObject {
        let verifier = Proof()
        return try await redeem(
            code(verifier, scope: scope, as: user, password: password), verifier, proofs: proofs
        ).json()
    }

    func refresh(_ token: String?, proofs: [String]? = nil) async throws -> Response {
        let form = [("grant_type", "refresh_token"), ("client_id", "spa"), ("refresh_token", token ?? "")]
        return try await post("/token", form, proofs: proofs)
    }

    /// Presents the token with this scheme and these proofs, by default a valid one.
    func get(
        _ path: String, _ token: String?, query: String? = nil, scheme: String = "DPoP", proofs: [String]? = nil,
        _ more: HTTPFields = [:]
    ) async throws -> Response {
        var headers = more
        headers[.authorization] = "\(scheme) \(token ?? "")"
        let valid = try await proof("GET", path, token: token)
        for proof in proofs ?? [valid] { headers.append(HTTPField(name: .dpop, value: proof)) }
        return try await issuer.send(.get, path, query: query, headers: headers)
    }
}

extension Response {
    /// The error code of a token endpoint.
    var error: String? { (try? json())?["error"]?.string }

    /// The challenges of a resource.
    var challenge: String { headers[.wwwAuthenticate] ?? "" }
}
