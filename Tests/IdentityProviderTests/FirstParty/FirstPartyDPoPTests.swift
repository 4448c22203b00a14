import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("First-party API: tokens bound to a key (RFC 9449)")
struct FirstPartyDPoPTests {
    private static let alice = #""username":"alice","password":"correct horse""#

    /// Posts JSON with these proofs, by default a valid one.
    private func post(
        _ client: DPoPClient, _ operation: String, _ members: String, proofs: [String]? = nil, _ more: HTTPFields = [:]
    ) async throws -> Response {
        var headers = more
        let valid = try await client.proof("POST", "/api/auth/\(operation)")
        for proof in proofs ?? [valid] { headers.append(HTTPField(name: .dpop, value: proof)) }
        return try await client.issuer.call(.post, "/api/auth/\(operation)", "{\(members)}", headers: headers)
    }

    private func refresh(
        _ client: DPoPClient, _ token: JSON?, proofs: [String]? = nil, _ more: HTTPFields = [:]
    ) async throws -> Response {
        try await post(client, "refresh", #""refresh_token":"\#(token?.string ?? "")""#, proofs: proofs, more)
    }

    @Test("a login with a proof gets tokens bound to its key, and without one gets bearer tokens")
    func login() async throws {
        let client = try await DPoPClient()
        let members = Self.alice + #","client_id":"app""#
        let bound = try await post(client, "login", members).json()
        #expect(bound["token_type"] == "DPoP")
        #expect(try await client.get("/api/auth/self", bound["access_token"]?.string).status == .ok)
        #expect(try await post(client, "login", members, proofs: []).json()["token_type"] == "Bearer")
        let refused = try await post(client, "login", members, proofs: [client.proof("POST", "/token")])
        #expect(refused.status == .badRequest)
        #expect(refused.problem == "invalid_dpop_proof")
    }

    @Test("a client registered with dpop_bound_access_tokens can't sign in without a proof, or with cookies")
    func required() async throws {
        let client = try await DPoPClient()
        let members = Self.alice + #","client_id":"safe""#
        #expect(try await post(client, "login", members, proofs: []).problem == "invalid_dpop_proof")
        // The answer is the same for a wrong password.
        let wrong = #""username":"alice","password":"wrong","client_id":"safe""#
        #expect(try await post(client, "login", wrong, proofs: []).problem == "invalid_dpop_proof")
        #expect(try await post(client, "login", members).json()["token_type"] == "DPoP")
        let cookies = try await post(
            client, "login", members + #","transport":"cookie""#, [.origin: "https://id.example.com"])
        #expect(cookies.problem == "invalid_request")
        #expect(cookies.headers[values: .setCookie].isEmpty)
    }

    @Test("a bound refresh token is refreshed only with its key, and never yields an unbound token")
    func refresh() async throws {
        let client = try await DPoPClient()
        let tokens = try await post(client, "login", Self.alice + #","client_id":"app""#).json()
        let first = tokens["refresh_token"]
        #expect(try await refresh(client, first, proofs: []).problem == "authentication_failed")
        #expect(try await refresh(client.other(), first).problem == "authentication_failed")
        let wrong = try await client.proof("POST", "/token")
        #expect(try await refresh(client, first, proofs: [wrong]).problem == "invalid_dpop_proof")
        let cookie: HTTPFields = [.cookie: "__Host-martlet-refresh=\(first?.string ?? "")"]
        #expect(try await client.issuer.call(.post, "/api/auth/refresh", "{}", headers: cookie).status == .forbidden)
        let next = try await refresh(client, first).json()
        #expect(next["token_type"] == "DPoP")
        let claims = try JWTClaims.of(next["access_token"]?.string)
        #expect(claims["cnf"] == ["jkt": .string(client.key.thumbprint)])
        // Its access token may come along, as apps send it with each request.
        let field: HTTPFields = [.authorization: "DPoP \(next["access_token"]?.string ?? "")"]
        #expect(try await refresh(client, next["refresh_token"], field).status == .ok)
    }

    @Test("RFC9449-013: a bound token is refused as a bearer token by every operation")
    func bearer() async throws {
        let client = try await DPoPClient()
        let tokens = try await post(client, "login", Self.alice + #","client_id":"app""#).json()
        let token = tokens["access_token"]?.string ?? ""
        for path in ["/api/auth/self", "/api/auth/validate"] {
            let refused = try await client.get(path, token, scheme: "Bearer")
            #expect(refused.problem == "authentication_failed")
            #expect(refused.challenge.hasPrefix("DPoP "))
            let missing = try await client.get(path, token, proofs: [])
            #expect(missing.status == .unauthorized)
            #expect(missing.problem == "invalid_dpop_proof")
            #expect(missing.challenge.hasPrefix("DPoP "))
            let cookie: HTTPFields = [.cookie: "__Host-martlet-access=\(token)"]
            #expect(try await client.issuer.send(.get, path, headers: cookie).status == .unauthorized)
        }
        let field: HTTPFields = [.authorization: "Bearer \(token)"]
        #expect(try await post(client, "logout", "", field).status == .unauthorized)
        #expect(try await client.get("/api/auth/self", token).status == .ok)
    }

    @Test("a stolen bound token can't end the session; its owner can")
    func logout() async throws {
        let client = try await DPoPClient()
        let tokens = try await post(client, "login", Self.alice + #","client_id":"app""#).json()
        let token = tokens["access_token"]?.string ?? ""
        let field: HTTPFields = [.authorization: "DPoP \(token)"]
        let thief = try client.other()
        let stolen = try await thief.proof("POST", "/api/auth/logout", token: token)
        #expect(try await post(thief, "logout", "", proofs: [stolen], field).status == .unauthorized)
        #expect(try await post(thief, "logout", "", proofs: [], field).status == .unauthorized)
        let own = try await client.proof("POST", "/api/auth/logout", token: token)
        #expect(try await post(client, "logout", "", proofs: [own], field).status == .noContent)
        #expect(try await client.get("/api/auth/self", token).status == .unauthorized)
    }

    @Test("the API asks for nonces, and offers the next one")
    func nonces() async throws {
        let client = try await DPoPClient { $0.requiresDPoPNonces = true }
        let members = Self.alice + #","client_id":"app""#
        let asked = try await post(client, "login", members)
        #expect(asked.status == .badRequest)
        #expect(asked.problem == "use_dpop_nonce")
        let nonce = try #require(asked.headers[.dpopNonce])
        let proof = try await client.proof("POST", "/api/auth/login", nonce: nonce)
        let token = try await post(client, "login", members, proofs: [proof]).json()["access_token"]?.string
        client.issuer.clock.advance(by: 151)
        let late = try await client.proof("GET", "/api/auth/self", token: token, nonce: nonce)
        let answer = try await client.get("/api/auth/self", token, proofs: [late])
        #expect(answer.status == .ok)
        #expect(answer.headers[values: .dpopNonce].count == 1)
        let refused = try await client.get("/api/auth/self", token)
        #expect(refused.status == .unauthorized)
        #expect(refused.problem == "use_dpop_nonce")
        #expect(refused.headers[values: .dpopNonce].count == 1)
    }
}
