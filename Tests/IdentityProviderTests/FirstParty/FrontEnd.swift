import Authenticators
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

/// A front end that uses the first-party API.
struct FrontEnd {
    static let resources = """
        {"roles": [{"name": "editor", "permissions": ["posts:write"]}],
         "users": [
            {"username": "alice", "password": "correct horse", "name": "Alice Liddell", "email": "alice@example.com",
             "email_verified": true, "roles": ["editor"]},
            {"username": "bob", "password": "battery staple", "totp_secret": "JBSWY3DPEHPK3PXPJBSWY3DP"},
            {"username": "carol", "password": "disabled one", "disabled": true}],
         "clients": [
            {"client_id": "app", "token_endpoint_auth_method": "none", "grant_types": ["refresh_token"],
             "first_party": true, "scope": "openid profile offline_access posts"},
            {"client_id": "safe", "token_endpoint_auth_method": "none", "grant_types": ["refresh_token"],
             "first_party": true, "scope": "openid", "minimum_acr": "urn:martlet:acr:2"},
            {"client_id": "off", "token_endpoint_auth_method": "none", "grant_types": ["refresh_token"],
             "first_party": true, "scope": "openid", "disabled": true},
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
             "redirect_uris": ["https://shop.example/callback"], "consent": "skip",
             "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
             "scope": "openid profile posts"},
            {"client_id": "machine", "client_secret": "machine-secret-machine-secret-machine-secret-1",
             "grant_types": ["client_credentials"]},
            {"client_id": "spa", "token_endpoint_auth_method": "none", "redirect_uris": ["https://spa.example/"],
             "grant_types": ["authorization_code", "refresh_token"], "scope": "openid"}],
         "resource_servers": [{"identifier": "https://posts.example", "scopes": ["posts"], "access_token": "opaque",
             "claims": ["roles"]}]}
        """

    let issuer: TestIssuer

    init(_ issuer: TestIssuer) { self.issuer = issuer }

    init(_ engine: TestEngine = .sqlite) async throws {
        issuer = try await TestIssuer(resources: Self.resources, database: TestDatabase(engine))
    }

    static let alice = #""username":"alice","password":"correct horse""#
    static let bob = #""username":"bob","password":"battery staple""#

    func login(_ members: String = alice) async throws -> JSONObject {
        try await issuer.call(.post, "/api/auth/login", "{\(members)}").json()
    }

    func post(_ operation: String, _ members: String, _ headers: HTTPFields = [:]) async throws -> Response {
        try await issuer.call(.post, "/api/auth/\(operation)", "{\(members)}", headers: headers)
    }

    func get(_ operation: String, _ token: String?, _ headers: HTTPFields = [:]) async throws -> Response {
        var headers = headers
        headers[.authorization] = token.map { "Bearer \($0)" }
        return try await issuer.call(.get, "/api/auth/\(operation)", headers: headers)
    }

    func refresh(_ token: String) async throws -> Response {
        try await post("refresh", #""refresh_token":"\#(token)""#)
    }

    /// A token from the client credentials grant, for the issuer only.
    func machineToken() async throws -> String? {
        try await issuer.token([("grant_type", "client_credentials")], client: "machine").json()["access_token"]?.string
    }

    /// Bob's current TOTP code.
    func code() throws -> String {
        let secret = try #require(Base32.decode("JBSWY3DPEHPK3PXPJBSWY3DP"))
        return try TOTP(secret: secret).code(at: issuer.clock.now)
    }

    func ticket() async throws -> String { try #require(try await login(Self.bob)["ticket"]?.string) }

    func mfa(_ ticket: String, _ code: String, factor: String = "totp", _ more: String = "") async throws -> Response {
        try await post("mfa", #""ticket":"\#(ticket)","factor":"\#(factor)","code":"\#(code)"\#(more)"#)
    }
}

extension Response {
    /// The last part of the problem type, after `urn:martlet:problem:`.
    var problem: String? {
        guard headers[.contentType] == "application/problem+json" else { return nil }
        return (try? json())?["type"]?.string.map { String($0.dropFirst("urn:martlet:problem:".count)) }
    }

    var cookies: [String: String] {
        Dictionary(
            headers[values: .setCookie].map { field in
                let pair = field.prefix { $0 != ";" }.split(separator: "=", omittingEmptySubsequences: false)
                return (String(pair[0]), String(pair[1]))
            }
        ) { _, last in last }
    }
}
