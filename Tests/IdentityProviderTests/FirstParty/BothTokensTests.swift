import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("First-party API: an app that sends its access token with every request")
struct BothTokensTests {
    /// The tokens of one sign-in.
    private struct Tokens {
        let access: String
        let refresh: String

        init(_ answer: JSONObject) throws {
            access = try #require(answer["access_token"]?.string)
            refresh = try #require(answer["refresh_token"]?.string)
        }
    }

    private func send(
        _ front: FrontEnd, _ operation: String, bearer field: String, refresh: String
    ) async throws -> Response {
        try await front.post(operation, #""refresh_token":"\#(refresh)""#, [.authorization: field])
    }

    /// `app` gets opaque tokens, the built-in client JWTs.
    private static let clients = ["app", "first-party"]

    private func signIn(_ front: FrontEnd, _ client: String, _ user: String = FrontEnd.alice) async throws -> Tokens {
        try await Tokens(front.login("\(user),\"client_id\":\"\(client)\""))
    }

    @Test("refresh and logout take both tokens of one sign-in", arguments: clients)
    func same(_ client: String) async throws {
        let front = try await FrontEnd()
        let tokens = try await signIn(front, client)
        #expect(tokens.access.contains(".") == (client == "first-party"))
        let next = try await Tokens(
            send(front, "refresh", bearer: "Bearer \(tokens.access)", refresh: tokens.refresh).json())
        let done = try await send(front, "logout", bearer: "bearer \(next.access)", refresh: next.refresh)
        #expect(done.status == .noContent)
        #expect(try await front.refresh(next.refresh).status == .unauthorized)
        #expect(try await front.get("self", next.access).status == .unauthorized)
    }

    @Test("the access token may have expired, and so may the key that signed it", arguments: clients)
    func expired(_ client: String) async throws {
        let front = try await FrontEnd()
        let members = "\(FrontEnd.alice),\"client_id\":\"\(client)\",\"scope\":\"openid offline_access posts\""
        let tokens = try await Tokens(front.login(members))
        front.issuer.clock.advance(by: 5 * 86_400)
        try await KeyRotation(front.issuer.core).replaceAll()
        #expect(try await front.get("self", tokens.access).status == .unauthorized)
        let next = try await send(front, "refresh", bearer: "Bearer \(tokens.access)", refresh: tokens.refresh)
        #expect(next.status == .ok)
        let done = try await send(
            front, "logout", bearer: "Bearer \(tokens.access)", refresh: Tokens(next.json()).refresh)
        #expect(done.status == .noContent)
    }

    @Test(
        "tokens of another session, user or client are refused, and nothing happens", arguments: clients,
        ["refresh", "logout"])
    func contradiction(_ client: String, _ operation: String) async throws {
        let front = try await FrontEnd()
        let own = try await signIn(front, client)
        let ticket = try #require(
            try await front.login("\(FrontEnd.bob),\"client_id\":\"\(client)\"")["ticket"]?.string)
        let others = [
            try await signIn(front, client), try await Tokens(front.mfa(ticket, front.code()).json()),
            try await signIn(front, client == "app" ? "first-party" : "app"),
        ]
        for other in others {
            let answer = try await send(front, operation, bearer: "Bearer \(other.access)", refresh: own.refresh)
            #expect(answer.status == .badRequest)
            #expect(answer.problem == "invalid_request")
            #expect(try await front.get("self", other.access).status == .ok)
        }
        #expect(try await front.get("self", own.access).status == .ok)
        // The refresh token is not used up: a second use would have revoked everything.
        front.issuer.clock.advance(by: 60)
        #expect(try await front.refresh(own.refresh).status == .ok)
    }

    @Test(
        "anything else in the header is refused",
        arguments: [
            "", "Bearer", "Bearer ", "Bearer null", "Bearer a.b.c", "Basic YXBwOng=", "REFRESH", "OTHER", "FOREIGN",
        ], ["refresh", "logout"])
    func other(_ field: String, _ operation: String) async throws {
        let front = try await FrontEnd()
        let own = try await signIn(front, "first-party")
        var claims = try JWTClaims.of(own.access)
        claims["iss"] = "https://other.example"
        let foreign = try await JWT.sign(claims, type: "at+jwt", with: PrivateKey.generate(for: .es256).signer())
        let machine = try #require(try await front.machineToken())
        let text = ["REFRESH": own.refresh, "OTHER": machine, "FOREIGN": foreign][field].map { "Bearer \($0)" }
        let answer = try await send(front, operation, bearer: text ?? field, refresh: own.refresh)
        #expect(answer.status == .badRequest)
        #expect(try await front.get("self", own.access).status == .ok)
    }

    @Test("an access token never stands in for a wrong refresh token")
    func wrongRefreshToken() async throws {
        let front = try await FrontEnd()
        let own = try await signIn(front, "first-party")
        for operation in ["refresh", "logout"] {
            let answer = try await send(front, operation, bearer: "Bearer \(own.access)", refresh: "rubbish")
            #expect(answer.problem == "authentication_failed")
        }
        #expect(try await front.post("refresh", "", [.authorization: "Bearer \(own.access)"]).status == .badRequest)
        #expect(try await front.get("self", own.access).status == .ok)
    }

    @Test("a header that only names the session, without a valid signature, gives no access")
    func unsigned() async throws {
        let front = try await FrontEnd()
        let own = try await signIn(front, "first-party")
        let forged = try await JWT.sign(
            JWTClaims.of(own.access), type: "at+jwt", with: PrivateKey.generate(for: .es256).signer())
        #expect(try await front.get("self", forged).status == .unauthorized)
        let out = try await front.issuer.call(
            .post, "/api/auth/logout", headers: [.authorization: "Bearer \(forged)"])
        #expect(out.status == .unauthorized)
        #expect(try await front.get("self", own.access).status == .ok)
    }
}
