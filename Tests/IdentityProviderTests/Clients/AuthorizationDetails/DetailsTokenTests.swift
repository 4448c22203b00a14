import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9396 §6, §7, §9: authorization details in tokens")
struct DetailsTokenTests {
    private static let both = DetailsCase.parameter(DetailsCase.payment, DetailsCase.folder)
    private static let payment = JSON.array([.object(DetailsCase.payment)])
    private static let folder = JSON.array([.object(DetailsCase.folder)])

    private func introspect(_ token: JSON?, _ issuer: TestIssuer, by client: String = "api") async throws -> JSONObject
    {
        try await issuer.token([("token", token?.string ?? "")], client: client, at: "/introspect").json()
    }

    @Test("RFC9396-005 RFC9396-006: the token response and the JWT have the granted details, the audience their server")
    func granted() async throws {
        let issuer = try await DetailsCase.issuer()
        let details = DetailsCase.parameter(DetailsCase.payment)
        let tokens = try await issuer.redeem(Browser(issuer).code(scope: "openid offline_access", details)).json()
        #expect(tokens["authorization_details"] == Self.payment)
        let claims = try JWTClaims.of(tokens["access_token"]?.string)
        #expect(claims["authorization_details"] == Self.payment)
        #expect(claims["aud"] == [.string(DetailsCase.payments), "https://id.example.com"])
        #expect(claims["scope"] == "openid offline_access")
        let next = try await issuer.refresh(tokens["refresh_token"]?.string ?? "").json()
        #expect(next["authorization_details"] == Self.payment)
        #expect(try JWTClaims.of(next["access_token"]?.string)["authorization_details"] == Self.payment)
        let plain = try await issuer.redeem(Browser(issuer).code(scope: "openid")).json()
        #expect(plain["authorization_details"] == nil)
        #expect(try JWTClaims.of(plain["access_token"]?.string)["authorization_details"] == nil)
    }

    @Test("RFC9396-002: a request with details and no scope is for the details alone")
    func withoutScope() async throws {
        let issuer = try await DetailsCase.issuer()
        let request = Browser.webRequest(DetailsCase.parameter(DetailsCase.payment)).filter { $0.0 != "scope" }
        let code = try await Browser(issuer).authorize(request).answer().required("code")
        let claims = try await JWTClaims.of(issuer.redeem(code).json()["access_token"]?.string)
        #expect(claims["aud"]?.string == DetailsCase.payments)
        #expect(claims["scope"] == nil)
        #expect(claims["authorization_details"] == Self.payment)
    }

    @Test("RFC9396-006: a token for one resource has only the details for it, whatever resource the scopes are for")
    func audience() async throws {
        let issuer = try await DetailsCase.issuer()
        let code = try await Browser(issuer).code(
            scope: "openid offline_access payments.read", Self.both + [("resource", DetailsCase.payments)])
        let narrowed = try await issuer.redeem(code, [("resource", DetailsCase.payments)]).json()
        #expect(narrowed["authorization_details"] == Self.payment)
        let claims = try JWTClaims.of(narrowed["access_token"]?.string)
        #expect(claims["aud"]?.string == DetailsCase.payments)
        #expect(claims["authorization_details"] == Self.payment)
        let other = try await issuer.refresh(
            narrowed["refresh_token"]?.string ?? "", [("resource", DetailsCase.files)]
        ).json()
        #expect(other["authorization_details"] == Self.folder)
        let described = try await introspect(other["access_token"], issuer)
        #expect(described["aud"]?.string == DetailsCase.files)
        #expect(described["scope"] == nil)
    }

    @Test("RFC9396-006: no token has a resource server in its audience without a scope or detail there")
    func noAudience() async throws {
        let issuer = try await DetailsCase.issuer()
        let wrong = DetailsCase.parameter(DetailsCase.payment) + [("resource", DetailsCase.files)]
        let answer = try await Browser(issuer).get("/authorize", Browser.webRequest(scope: "openid", wrong)).answer()
        #expect(answer["error"] == "invalid_target")
        let code = try await Browser(issuer).code(scope: "openid", DetailsCase.parameter(DetailsCase.payment))
        #expect(try await issuer.redeem(code, [("resource", DetailsCase.files)]).json()["error"] == "invalid_target")
        let own = try await issuer.token(
            [("grant_type", "client_credentials"), ("resource", DetailsCase.files)]
                + DetailsCase.parameter(DetailsCase.payment)
        ).json()
        #expect(own["error"] == "invalid_target")
    }

    @Test("RFC9396-004: code and refresh token narrow the details of their access token and never enlarge them")
    func narrowed() async throws {
        let issuer = try await DetailsCase.issuer()
        let larger = DetailsCase.folder.changed(by: ["megabytes": 101])
        let smaller = DetailsCase.folder.changed(by: ["megabytes": 10, "access": ["read"]])
        let code = try await Browser(issuer).code(scope: "openid offline_access", Self.both)
        for more in [larger, DetailsCase.folder.changed(by: ["path": "/"])] {
            #expect(
                try await issuer.redeem(code, DetailsCase.parameter(more)).json()["error"]
                    == "invalid_authorization_details")
        }
        #expect(
            try await issuer.redeem(code, DetailsCase.parameter(DetailsCase.folder, DetailsCase.folder)).json()["error"]
                == "invalid_authorization_details")
        // None of these used the code up.
        let first = try await issuer.redeem(code, DetailsCase.parameter(smaller)).json()
        #expect(first["authorization_details"] == [.object(smaller)])
        #expect(try await introspect(first["access_token"], issuer)["authorization_details"] == [.object(smaller)])
        let refresh = first["refresh_token"]?.string ?? ""
        #expect(
            try await issuer.refresh(refresh, DetailsCase.parameter(larger)).json()["error"]
                == "invalid_authorization_details")
        // The authorization itself keeps its details.
        let next = try await issuer.refresh(refresh).json()
        #expect(next["authorization_details"] == [.object(DetailsCase.payment), .object(DetailsCase.folder)])
        let last = try await issuer.refresh(
            next["refresh_token"]?.string ?? "", DetailsCase.parameter(DetailsCase.payment)
        ).json()
        #expect(last["authorization_details"] == Self.payment)
        let plain = try await issuer.redeem(Browser(issuer).code(scope: "openid offline_access")).json()
        let added = try await issuer.refresh(
            plain["refresh_token"]?.string ?? "", DetailsCase.parameter(DetailsCase.payment)
        ).json()
        #expect(added["error"] == "invalid_authorization_details")
    }

    @Test("RFC9396-004: a client gets details of its registered types on its own behalf")
    func clientCredentials() async throws {
        let issuer = try await DetailsCase.issuer()
        let form = [("grant_type", "client_credentials")] + DetailsCase.parameter(DetailsCase.payment)
        let tokens = try await issuer.token(form, client: "own").json()
        #expect(tokens["authorization_details"] == Self.payment)
        let claims = try JWTClaims.of(tokens["access_token"]?.string)
        #expect(claims["aud"]?.string == DetailsCase.payments)
        #expect(claims["scope"] == nil)
        let described = try await introspect(tokens["access_token"], issuer)
        #expect(described["active"] == true && described["authorization_details"] == Self.payment)
    }

    @Test("RFC9396-007: introspection has them at the top level, and only those for the resource server that asks")
    func introspection() async throws {
        let issuer = try await DetailsCase.issuer()
        let tokens = try await issuer.redeem(Browser(issuer).code(scope: "openid offline_access", Self.both)).json()
        #expect(tokens["access_token"]?.string?.contains(".") == false)
        let all: JSON = [.object(DetailsCase.payment), .object(DetailsCase.folder)]
        for client in ["api", "web"] {
            let described = try await introspect(tokens["access_token"], issuer, by: client)
            #expect(described["authorization_details"] == all)
        }
        let stranger = try await introspect(tokens["access_token"], issuer, by: "own")
        #expect(stranger == ["active": false])
        let refresh = try await introspect(tokens["refresh_token"], issuer, by: "web")
        #expect(refresh["authorization_details"] == all)
        let credentials = Data("api:api-secret-api-secret-api-secret-1".utf8).base64EncodedString()
        let signed = try await issuer.send(
            .post, "/introspect", form: [("token", tokens["access_token"]?.string ?? "")],
            headers: [.authorization: "Basic \(credentials)", .accept: "application/token-introspection+jwt"])
        guard case .bytes(let bytes) = signed.body else { throw Unexpected("a page") }
        let claims = try JWTClaims.of(String(decoding: bytes, as: UTF8.self))
        #expect(claims["token_introspection"]?.object?["authorization_details"] == all)

        try await DetailsCase.change(
            issuer, #""access_token": "opaque", "introspection_clients": ["api"]"#,
            to: #""access_token": "opaque", "introspection_clients": ["own"]"#)
        let half = try await introspect(tokens["access_token"], issuer)
        #expect(half["authorization_details"] == Self.payment)
        let other = try await introspect(tokens["access_token"], issuer, by: "own")
        #expect(other["authorization_details"] == Self.folder)
    }

    @Test(
        "details that are no longer registered, declared or valid are missing from the next token",
        arguments: [
            (#"["payment", "folder"]"#, #"["folder"]"#), (#"{"payment": {"#, #"{"transfer": {"#),
            (#""enum": ["EUR", "USD"]"#, #""enum": ["USD"]"#),
        ])
    func unavailable(_ text: String, _ other: String) async throws {
        let issuer = try await DetailsCase.issuer()
        let browser = Browser(issuer)
        let both = try await issuer.redeem(browser.code(scope: "openid offline_access", Self.both)).json()
        let request = Browser.webRequest(scope: "offline_access", DetailsCase.parameter(DetailsCase.payment))
        let code = try await browser.authorize(request).answer().required("code")
        let alone = try await issuer.redeem(code).json()
        let waiting = try await browser.authorize(request.map { $0.0 == "scope" ? ("scope", "payments.read") : $0 })
            .answer().required("code")
        try await DetailsCase.change(issuer, text, to: other)
        let next = try await issuer.refresh(both["refresh_token"]?.string ?? "").json()
        #expect(next["authorization_details"] == Self.folder)
        let rest = try await issuer.refresh(alone["refresh_token"]?.string ?? "").json()
        #expect(rest["authorization_details"] == nil)
        #expect(try JWTClaims.of(rest["access_token"]?.string)["aud"] == "https://id.example.com")
        #expect(try await issuer.redeem(waiting).json()["authorization_details"] == nil)
    }

    @Test("a forged token with details that its user never granted is inactive, even if sealed with the right key")
    func forged() async throws {
        let issuer = try await DetailsCase.issuer()
        let sealer = Sealer(issuer.vault)
        let details = DetailsCase.parameter(DetailsCase.folder)
        let tokens = try await issuer.redeem(Browser(issuer).code(scope: "openid", details)).json()
        let text = tokens["access_token"]?.string ?? ""
        var token = try sealer.open(AccessToken.self, from: text, for: .accessToken)
        for (changes, isActive) in [
            ([:], true), (["megabytes": 5], true), (["megabytes": 500], false), (["path": "/"], false),
        ] as [(JSONObject, Bool)] {
            token.details = AuthorizationDetails(reading: [.object(DetailsCase.folder.changed(by: changes))])
            let forged = try sealer.seal(token, for: .accessToken)
            #expect(try await introspect(.string(forged), issuer)["active"] == .bool(isActive))
        }
    }

    @Test("details edited in the database grant nothing that the declaration or the registration rules out")
    func edited() async throws {
        let issuer = try await DetailsCase.issuer()
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        let granted = Granted(
            client: Identifier(rawValue: "own"), user: alice.id, session: nil, scope: ["offline_access"],
            details: AuthorizationDetails(reading: [
                .object(DetailsCase.folder), .object(DetailsCase.payment.changed(by: ["admin": true])),
            ]), authenticatedAt: issuer.clock.now)
        let client = try #require(try await issuer.stores.clients.find(granted.client))
        #expect(try DetailsCase.catalog().available(granted.details, to: client) == nil)
        #expect(throws: OAuthError(code: .invalidAuthorizationDetails, description: "")) {
            try TokenTarget([], granted.details, of: client, in: DetailsCase.catalog())
        }
    }

    @Test("RFC9396-008: metadata lists the types of all resource servers, if there are any")
    func metadata() async throws {
        let path = "/.well-known/openid-configuration"
        let document = try await DetailsCase.issuer().send(.get, path).json()
        #expect(document["authorization_details_types_supported"] == ["folder", "payment"])
        let plain = try await TestIssuer().send(.get, path).json()
        #expect(plain["authorization_details_types_supported"] == nil)
    }
}
