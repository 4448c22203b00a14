import Foundation
import Testing

@testable import Conformance

/// Each table has one invalid response per condition, and the test requires that every condition of the set fails
/// for one of them. This finds conditions that can't fail.
@Suite("Conditions accept valid responses, and each can fail")
struct ConditionTests {
    @Test("conditions on the authorization response")
    func authorization() throws {
        typealias On = AuthorizationConditions
        let base = "https://rp.example/cb?x=1&code=\(Evidence.code)&state=the-state"
        let iss = "&iss=https%3A%2F%2Fid.example.com"
        each(
            On.shared, good: try Evidence.answer(),
            bad: [
                (On.reachesRedirectURI, try Evidence.answer("https://rp.example/cb?code=a&state=the-state\(iss)")),
                (On.reachesRedirectURI, try Evidence.answer("https://rp.example/other?x=1\(iss)")),
                (On.usesResponseMode, try Evidence.answer(base, method: "POST")),
                (
                    On.usesResponseMode,
                    try Evidence.answer(base, request: Evidence.request { $0["response_mode"] = "form_post" })
                ),
                (
                    On.usesResponseMode,
                    try Evidence.answer(
                        base, method: "POST", request: Evidence.request { $0["response_mode"] = "form_post" })
                ),
                (On.hasNoFragment, try Evidence.answer(base + iss + "#x")),
                (On.hasNothingTwice, try Evidence.answer(base + iss + "&code=b")),
                (On.returnsState, try Evidence.answer("https://rp.example/cb?x=1&code=a&state=other\(iss)")),
                (On.returnsState, try Evidence.answer("https://rp.example/cb?x=1&code=a\(iss)")),
                (On.namesIssuer, try Evidence.answer(base + "&iss=https%3A%2F%2Felsewhere.example")),
                (On.keepsIssuerPromise, try Evidence.answer(base)),
                (
                    On.hasLegalErrorText,
                    try Evidence.answer("https://rp.example/cb?x=1&error=a%22b&state=the-state\(iss)")
                ),
            ])
        each(
            On.success, good: try Evidence.answer(),
            bad: [
                (On.succeeds, try Evidence.answer("https://rp.example/cb?x=1&error=access_denied")),
                (On.succeeds, try Evidence.answer("https://rp.example/cb?x=1")),
                (On.hasOnlyKnownParameters, try Evidence.answer(base + "&extra=1")),
                (On.hasUnguessableCode, try Evidence.answer("https://rp.example/cb?x=1&code=abc")),
                (On.hasLegalCode, try Evidence.answer("https://rp.example/cb?x=1&code=a%0Ab")),
            ])
        let error = "https://rp.example/cb?x=1&error=access_denied&state=the-state"
        each(
            On.failure + [On.isError(["access_denied"], "")], good: try Evidence.answer(error),
            bad: [
                (On.hasNoCode, try Evidence.answer(error + "&code=a")),
                (On.hasOnlyErrorParameters, try Evidence.answer(error + "&extra=a")),
                (On.isError(["access_denied"], ""), try Evidence.answer("https://rp.example/cb?x=1&error=other")),
                (On.isError(["access_denied"], ""), try Evidence.answer(base)),
            ])
    }

    @Test("conditions on the token response and token errors")
    func token() {
        typealias On = TokenConditions
        each(
            On.shared + [On.hasNoRefreshToken], good: Evidence.tokens(),
            bad: [
                (On.succeeds, Evidence.tokens(status: 400)), (On.isJSON, Evidence.tokens(type: "text/html")),
                (
                    On.isNotStored,
                    TokenAnswer(grantType: "authorization_code", scope: "openid", answer: WebAnswer(status: 200))
                ),
                (On.hasAccessToken, Evidence.tokens { $0["access_token"] = nil }),
                (On.hasAccessToken, Evidence.tokens { $0["access_token"] = "with space" }),
                (On.hasUnguessableTokens, Evidence.tokens { $0["access_token"] = "guess" }),
                (On.hasUnguessableTokens, Evidence.tokens { $0["refresh_token"] = "guess" }),
                (On.hasTokenType, Evidence.tokens { $0["token_type"] = "mac" }),
                (On.hasTokenType, Evidence.tokens { $0["token_type"] = nil }),
                (On.hasLifetime, Evidence.tokens { $0["expires_in"] = nil }),
                (On.hasPlausibleLifetime, Evidence.tokens { $0["expires_in"] = "600" }),
                (On.hasPlausibleLifetime, Evidence.tokens { $0["expires_in"] = 0 }),
                (On.hasPlausibleLifetime, Evidence.tokens { $0["expires_in"] = .number(1e9) }),
                (On.hasIDTokenIfOpenID, Evidence.tokens { $0["id_token"] = nil }),
                (On.hasIDTokenIfOpenID, Evidence.tokens(scope: "email")),
                (On.hasLegalRefreshToken, Evidence.tokens { $0["refresh_token"] = "\n" }),
                (On.hasNoRefreshToken, Evidence.tokens { $0["refresh_token"] = "x" }),
            ])
        typealias Error = TokenErrorConditions
        let good = Evidence.json(["error": "invalid_grant", "error_description": "no"], status: 400)
        each(
            Error.refusal(["invalid_grant"], ""), good: good,
            bad: [
                (Error.hasErrorStatus, Evidence.json(["error": "invalid_grant"], status: 500)),
                (Error.hasErrorStatus, Evidence.json(["error": "invalid_grant"], status: 401)),
                (Error.isJSON, Evidence.json(["error": "invalid_grant"], status: 400, type: "text/html")),
                (Error.isJSON, WebAnswer(status: 400, headers: [Parameter("Content-Type", "application/json")])),
                (Error.isError(["invalid_grant"], ""), Evidence.json(["error": "invalid_request"], status: 400)),
                (
                    Error.hasLegalText,
                    Evidence.json(["error": "invalid_grant", "error_description": "\"\n"], status: 400)
                ),
            ])
        let challenge = WebAnswer(status: 401, headers: [Parameter("WWW-Authenticate", "Basic realm=\"x\"")])
        each(
            [Error.challenges], good: challenge,
            bad: [(Error.challenges, WebAnswer(status: 401)), (Error.challenges, good)])
    }

    @Test("conditions on the ID Token")
    func idToken() throws {
        typealias On = IDTokenConditions
        let key = try #require(JWK(["kty": "RSA", "kid": "a"]))
        let good = try Evidence.idToken()
        let several = IDTokenEvidence(
            token: try JWS("eyJhbGciOiJSUzI1NiJ9.e30."), issuer: good.issuer, registration: good.registration,
            request: good.request, accessToken: nil, code: nil, keys: [key, key], now: good.now)
        each(
            On.shared, good: good,
            bad: [
                (On.hasIssuer, try Evidence.idToken { $0["iss"] = "https://id.example.com/" }),
                (On.hasAudience, try Evidence.idToken { $0["aud"] = ["other"] }),
                (On.hasAudience, try Evidence.idToken { $0["aud"] = nil }),
                (On.hasExpiry, try Evidence.idToken { $0["exp"] = .number(Evidence.now - 600) }),
                (On.hasExpiry, try Evidence.idToken { $0["exp"] = nil }),
                (On.hasExpiry, try Evidence.idToken { $0["exp"] = .number(Evidence.now * 3) }),
                (On.hasIssueTime, try Evidence.idToken { $0["iat"] = .number(Evidence.now - 600) }),
                (On.hasIssueTime, try Evidence.idToken { $0["iat"] = "now" }),
                (
                    On.hasPlausibleAuthenticationTime,
                    try Evidence.idToken { $0["auth_time"] = .number(Evidence.now + 900) }
                ),
                (On.hasPlausibleAuthenticationTime, try Evidence.idToken { $0["auth_time"] = "then" }),
                (On.hasContext, try Evidence.idToken { $0["acr"] = "" }),
                (On.hasNonce, try Evidence.idToken { $0["nonce"] = "other" }),
                (On.hasNonce, try Evidence.idToken { $0["nonce"] = nil }),
                (On.hasSubject, try Evidence.idToken { $0["sub"] = nil }),
                (On.hasSubject, try Evidence.idToken { $0["sub"] = .string(String(repeating: "x", count: 256)) }),
                (On.hasTypedClaims, try Evidence.idToken { $0["email_verified"] = "true" }),
                (On.hasKeyIdentifier, several), (On.hasValidSignature, several),
                (On.hasValidSignature, try Evidence.idToken(secret: "of somebody else")),
                (On.hasAccessTokenHash, try Evidence.idToken { $0["at_hash"] = "x" }),
                (On.hasCodeHash, try Evidence.idToken { $0["c_hash"] = "x" }),
                (On.hasOnlyRequestedClaims, try Evidence.idToken { $0["email"] = "some@example.com" }),
            ])
    }

    @Test("conditions on the userinfo response")
    func userInfo() throws {
        typealias On = UserInfoConditions
        each(
            On.shared + On.hasClaims(of: ["email", "profile"]), good: try Evidence.userInfo(),
            bad: [
                (On.succeeds, try Evidence.userInfo(status: 401)),
                (On.isJSON, try Evidence.userInfo(type: "application/jwt")),
                (On.hasSubject, try Evidence.userInfo { $0["sub"] = "other" }),
                (On.hasTypedClaims, try Evidence.userInfo { $0["updated_at"] = "2026" }),
                (On.hasTypedClaims, try Evidence.userInfo { $0["address"] = "GB" }),
                (On.hasNoNulls, try Evidence.userInfo { $0["nickname"] = .null }),
                (On.hasConsistentSources, try Evidence.userInfo { $0["_claim_sources"] = nil }),
                (On.hasClaims(of: ["email"])[0], try Evidence.userInfo { $0["email"] = nil }),
                (
                    On.hasClaims(of: ["profile"])[0],
                    try Evidence.userInfo {
                        $0["name"] = nil
                        $0["updated_at"] = nil
                    }
                ),
            ])
    }

    @Test("conditions on the discovery document")
    func metadata() throws {
        typealias On = MetadataConditions
        func evidence(_ change: (inout [String: JSON]) -> Void = { _ in }) throws -> MetadataEvidence {
            MetadataEvidence(metadata: try Evidence.metadata(change), issuer: Evidence.issuer)
        }
        let page = try ProviderMetadata(
            address: WebAddress("x"), answer: Evidence.json(Evidence.document, type: "text/html"))
        let said = On.shared.filter { $0.level == .info }
        #expect(said.count == 3)
        each(
            On.shared + [On.hasEndSession], good: try evidence(),
            bad: [
                (On.isJSON, MetadataEvidence(metadata: page, issuer: Evidence.issuer)),
                (On.namesIssuer, try evidence { $0["issuer"] = "https://elsewhere.example" }),
                (On.issuerIsPlain, try evidence { $0["issuer"] = "https://id.example.com?x" }),
                (On.issuerIsSecure, try evidence { $0["issuer"] = "http://id.example.com" }),
                (On.endpointsAreSecure, try evidence { $0["token_endpoint"] = "http://id.example.com/token" }),
                (On.endpointsAreSecure, try evidence { $0["jwks_uri"] = nil }),
                (On.hasUserInfo, try evidence { $0["userinfo_endpoint"] = nil }),
                (On.hasResponseTypes, try evidence { $0["response_types_supported"] = ["token"] }),
                (On.hasSubjectTypes, try evidence { $0["subject_types_supported"] = ["other"] }),
                (On.signsWithRS256, try evidence { $0["id_token_signing_alg_values_supported"] = ["ES256"] }),
                (
                    On.authenticatesWithoutNone,
                    try evidence { $0["token_endpoint_auth_signing_alg_values_supported"] = ["none"] }
                ),
                (
                    On.authenticatesWithoutNone,
                    try evidence { $0["token_endpoint_auth_methods_supported"] = ["private_key_jwt"] }
                ),
                (On.hasGrantTypes, try evidence { $0["grant_types_supported"] = "code" }),
                (On.hasScopes, try evidence { $0["scopes_supported"] = nil }),
                (On.scopesAreLegal, try evidence { $0["scopes_supported"] = ["openid", "a b"] }),
                (On.scopesAreLegal, try evidence { $0["scopes_supported"] = ["email"] }),
                (On.hasClaims, try evidence { $0["claims_supported"] = ["sub"] }),
                (On.localesAreLegal, try evidence { $0["ui_locales_supported"] = ["en_GB"] }),
                (On.localesAreCanonical, try evidence { $0["ui_locales_supported"] = ["EN"] }),
                (On.localesAreCanonical, try evidence { $0["claims_locales_supported"] = ["en-gb"] }),
                (
                    On.objectsAreSignedWithRS256,
                    try evidence { $0["request_object_signing_alg_values_supported"] = ["none"] }
                ),
                (On.challengeMethodsAreAList, try evidence { $0["code_challenge_methods_supported"] = "S256" }),
                (On.listsAreNotEmpty, try evidence { $0["acr_values_supported"] = [] }),
                (On.hasTypedMembers, try evidence { $0["claims_parameter_supported"] = "true" }),
                (On.hasOnlyRegisteredMembers, try evidence { $0["favourite_colour"] = "green" }),
                (said[0], try evidence { $0["request_parameter_supported"] = nil }),
                (said[1], try evidence { $0["request_uri_parameter_supported"] = nil }),
                (said[2], try evidence { $0["claims_parameter_supported"] = nil }),
                (On.hasEndSession, try evidence { $0["end_session_endpoint"] = nil }),
            ])
    }

    @Test("https is not judged at a loopback address, and not reported as passed")
    func loopback() throws {
        var members = Evidence.document
        for (name, value) in members {
            members[name] =
                value.string.map { .string($0.replacing(Evidence.issuer, with: "http://localhost:1")) } ?? value
        }
        let answer = Evidence.json(members)
        let metadata = try ProviderMetadata(address: WebAddress("http://localhost:1/x"), answer: answer)
        let local = MetadataEvidence(metadata: metadata, issuer: "http://localhost:1")
        guard case .notRun = MetadataConditions.issuerIsSecure.verdict(on: local) else {
            Issue.record("http was accepted as https")
            return
        }
        // Applies only if the tester itself asked for a loopback address.
        let remote = MetadataEvidence(metadata: metadata, issuer: Evidence.issuer)
        #expect(broken([MetadataConditions.issuerIsSecure], remote).count == 1)
    }

    @Test("conditions on the published keys")
    func keys() throws {
        typealias On = KeySetConditions
        let rsa = try #require(Vectors.named("oidc-id-tokens")["jwk"])
        let curve = try #require(Vectors.named("jws-es256")["jwk"]?.object)
        func set(_ keys: JSON...) -> WebAnswer { Evidence.json(["keys": .array(keys)]) }
        func key(_ change: (inout [String: JSON]) -> Void) -> JSON {
            var members = curve.filter { $0.key != "d" }.merging(["kid": "b"]) { _, new in new }
            change(&members)
            return .object(members)
        }
        let plain = key { _ in }
        each(
            On.shared, good: set(rsa, plain),
            bad: [
                (On.isAKeySet, set()), (On.isAKeySet, WebAnswer(status: 404)),
                (On.hasIdentifiers, set(key { $0["kid"] = nil })), (On.hasDistinctIdentifiers, set(plain, plain)),
                (On.hasNoSecrets, set(key { $0["d"] = "x" })), (On.hasNoSecrets, set(["kty": "oct", "kid": "c"])),
                (
                    On.hasLongEnoughKeys,
                    set(["kty": "RSA", "kid": "d", "n": .string(String(repeating: "x", count: 171)), "e": "AQAB"])
                ),
                (On.hasReadableKeys, set(key { $0["x"] = "x" })), (On.hasKnownTypes, set(["kty": "new", "kid": "e"])),
            ])
    }

    @Test("conditions on sign-out and redirects")
    func ways() throws {
        func arrival(_ address: String?, status: Int = 200, html: String = "<p>x", visited: [PageKind] = []) -> Arrival
        {
            let answer = WebAnswer(
                status: status, headers: [Parameter("Content-Type", "text/html")], body: Array(html.utf8))
            let place: Arrival.Place =
                address.map { .landing(Landing(address: WebAddress($0))) }
                ?? .page(ShownPage(address: WebAddress("https://id.example.com/x"), answer: answer))
            return Arrival(place: place, visited: visited, exchange: 1)
        }
        func sign(_ arrival: Arrival, state: String? = "s") -> LogoutEvidence {
            LogoutEvidence(arrival: arrival, destination: "https://rp.example/out", state: state)
        }
        typealias Out = LogoutConditions
        each(
            [Out.returns, Out.returnsState, Out.returnsNothingElse],
            good: sign(arrival("https://rp.example/out?state=s")),
            bad: [
                (Out.returns, sign(arrival(nil))), (Out.returns, sign(arrival("https://rp.example/other?state=s"))),
                (Out.returnsState, sign(arrival("https://rp.example/out"))),
                (Out.returnsState, sign(arrival("https://rp.example/out?state=s"), state: nil)),
                (Out.returnsNothingElse, sign(arrival("https://rp.example/out?state=s&x=1"))),
            ])
        each(
            [Out.staysAtProvider, Out.showsAPage, Out.confirms], good: sign(arrival(nil)),
            bad: [
                (Out.staysAtProvider, sign(arrival("https://rp.example/out"))),
                (Out.showsAPage, sign(arrival(nil, status: 500))), (Out.confirms, sign(arrival(nil, status: 400))),
            ])
        typealias Way = ArrivalConditions
        let signIn = "<form method=post><input type=password name=p></form>"
        each(
            [Way.reachesClient, Way.showsSignIn], good: arrival("https://rp.example/cb", visited: [.signIn]),
            bad: [(Way.reachesClient, arrival(nil)), (Way.showsSignIn, arrival("https://rp.example/cb"))])
        each(
            [Way.showsNothing, Way.showsNoSignIn], good: arrival("https://rp.example/cb"),
            bad: [
                (Way.showsNothing, arrival(nil)),
                (Way.showsNothing, arrival("https://rp.example/cb", visited: [.question])),
                (Way.showsNoSignIn, arrival("https://rp.example/cb", visited: [.signIn])),
            ])
        each(
            [Way.staysAtProvider, Way.asksNobody, RequestModules.isErrorPage], good: arrival(nil, status: 400),
            bad: [
                (Way.staysAtProvider, arrival("https://rp.example/cb")),
                (Way.staysAtProvider, arrival(nil, status: 500)),
                (Way.asksNobody, arrival(nil, html: signIn)), (RequestModules.isErrorPage, arrival(nil)),
            ])
    }

    @Test("a module without a verdict does not pass, and the worst finding decides")
    func outcomes() {
        func finding(_ level: Level, _ verdict: Verdict) -> Finding {
            Finding(condition: "x", level: level, sections: [], verdict: verdict, exchange: 0)
        }
        #expect(Outcome(of: []) == .interrupted)
        #expect(Outcome(of: [finding(.failure, .notRun("x"))]) == .interrupted)
        #expect(Outcome(of: [finding(.failure, .holds)]) == .passed)
        #expect(Outcome(of: [finding(.failure, .holds), finding(.info, .broken("x"))]) == .passed)
        #expect(Outcome(of: [finding(.failure, .holds), finding(.warning, .broken("x"))]) == .warning)
        #expect(Outcome(of: [finding(.warning, .broken("x")), finding(.failure, .broken("x"))]) == .failed)
    }
}
