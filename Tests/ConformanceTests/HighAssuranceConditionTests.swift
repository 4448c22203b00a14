import Foundation
import Testing

@testable import Conformance

@Suite("Conditions on high-assurance clients accept valid responses, and each can fail")
struct HighAssuranceConditionTests {
    private func answer(_ status: Int, _ headers: [(String, String)] = [], _ body: String = "") -> WebAnswer {
        WebAnswer(status: status, headers: headers.map { Parameter($0.0, $0.1) }, body: Array(body.utf8))
    }

    private static let requestURI = "urn:ietf:params:oauth:request_uri:\(Evidence.code)"

    private func pushed(_ change: (inout [String: JSON]) -> Void = { _ in }, status: Int = 201) -> WebAnswer {
        var members: [String: JSON] = ["request_uri": .string(Self.requestURI), "expires_in": 60]
        change(&members)
        return Evidence.json(members, status: status)
    }

    @Test("conditions on pushed requests")
    func pushes() {
        typealias On = PushedConditions
        each(
            On.shared, good: pushed(),
            bad: [
                (On.succeeds, pushed(status: 200)), (On.isJSON, answer(201, [("Content-Type", "text/html")])),
                (On.isNotStored, answer(201)), (On.hasUnguessableURI, pushed { $0["request_uri"] = nil }),
                (On.hasUnguessableURI, pushed { $0["request_uri"] = "urn:ietf:params:oauth:request_uri:1234" }),
                (On.hasLifetime, pushed { $0["expires_in"] = 2 }),
                (On.hasLifetime, pushed { $0["expires_in"] = "60" }),
                (On.hasShortLifetime, pushed { $0["expires_in"] = 600 }),
            ])
        each([PushedModules.isNotAllowed], good: answer(405), bad: [(PushedModules.isNotAllowed, answer(400))])
        each(
            [FAPIPushedModules.refusesMethod], good: answer(405), bad: [(FAPIPushedModules.refusesMethod, answer(201))])
    }

    private func arrival(_ address: String?) -> Arrival {
        let page = ShownPage(address: WebAddress("https://id.example.com/x"), answer: answer(400, [], "<p>x"))
        return Arrival(
            place: address.map { .landing(Landing(address: WebAddress($0))) } ?? .page(page), visited: [], exchange: 1)
    }

    @Test("a code is found in a plain response and in a JWT")
    func codes() throws {
        let jwt = try SigningKey.newP256().sign(["code": "x"])
        let got = [arrival("https://rp.example/cb?code=1"), arrival("https://rp.example/cb?response=\(jwt)")]
        let none = [arrival(nil), arrival("https://rp.example/cb?error=invalid_request_uri")]
        for each in got { #expect(FAPIPushedModules.gotCode(each)) }
        for each in none { #expect(!FAPIPushedModules.gotCode(each)) }
        each(
            [FAPIPushedModules.isNotReused, PushedModules.givesNoCode], good: none[0],
            bad: [(FAPIPushedModules.isNotReused, got[0]), (PushedModules.givesNoCode, got[1])])
        each(
            [PushedModules.oneWins], good: [got[0], none[0], none[1]],
            bad: [(PushedModules.oneWins, got), (PushedModules.oneWins, none)])
    }

    // JARM

    private func response(
        _ change: (inout [String: JSON]) -> Void = { _ in }, header: [String: JSON] = ["kid": "k"],
        beside: String = "", by signer: SigningKey? = nil
    ) throws -> ResponseJWTEvidence {
        var claims: [String: JSON] = [
            "iss": .string(Evidence.issuer), "aud": "web", "exp": .number(Evidence.now + 60),
            "code": .string(Evidence.code), "state": "the-state",
        ]
        change(&claims)
        let text = try (signer ?? Self.key).sign(claims, header: header)
        let request = Evidence.request { $0["response_mode"] = "jwt" }
        var jwk = Self.key.publicJWK?.members ?? [:]
        jwk["kid"] = "k"
        return ResponseJWTEvidence(
            token: try JWS(text),
            answer: try Evidence.answer("https://rp.example/cb?x=1&response=\(text)\(beside)", request: request),
            issuer: Evidence.issuer, keys: [try #require(JWK(.object(jwk)))], now: Evidence.now)
    }

    private static let key = SigningKey.newP256()

    @Test("conditions on JWT responses")
    func responses() throws {
        typealias On = ResponseJWTConditions
        let good = try response()
        each(
            On.shared + [FAPIConditions.hasPermittedAlgorithm], good: good,
            bad: [
                (On.isAlone, try response(beside: "&state=x")),
                (On.hasIssuer, try response { $0["iss"] = "https://elsewhere.example" }),
                (On.hasAudience, try response { $0["aud"] = "another" }),
                (On.hasExpiry, try response { $0["exp"] = nil }),
                (On.hasExpiry, try response { $0["exp"] = .number(Evidence.now - 1) }),
                (On.hasShortLifetime, try response { $0["exp"] = .number(Evidence.now + 3_600) }),
                (On.hasKeyIdentifier, try response(header: [:])),
                (On.hasValidSignature, try response(by: .newP256())),
                (FAPIConditions.hasPermittedAlgorithm, try response(by: .newRSA())),
            ])
        each(
            [On.isJWT], good: good.answer,
            bad: [
                (On.isJWT, try Evidence.answer()),
                (On.isJWT, try Evidence.answer("https://rp.example/cb?x=1&response=a.b")),
            ])
        #expect(good.answer["code"] == Evidence.code)
        #expect(good.answer.parameters.names == ["iss", "code", "state"])
        each(
            [ResponseJWTModules.isInQuery], good: good.answer,
            bad: [(ResponseJWTModules.isInQuery, try Evidence.answer())])
    }

    @Test("conditions on FAPI responses and ID Tokens")
    func fapi() throws {
        let bare = try Evidence.answer("https://rp.example/cb?x=1&code=c&state=the-state&scope=openid")
        each(
            [FAPIConditions.namesIssuer, FAPIConditions.hasOnlyCodeStateAndIssuer], good: try Evidence.answer(),
            bad: [(FAPIConditions.namesIssuer, bare), (FAPIConditions.hasOnlyCodeStateAndIssuer, bare)])
        let stateless = try Evidence.answer("https://rp.example/cb?x=1&code=c")
        each([FAPIConditions.hasNoState], good: stateless, bad: [(FAPIConditions.hasNoState, bare)])
        let plain = try JWS(Self.key.sign([:]))
        let hashed = try JWS(Self.key.sign(["s_hash": "x"]))
        each([FAPIConditions.hasNoStateHash], good: plain, bad: [(FAPIConditions.hasNoStateHash, hashed)])
        func idToken(_ key: SigningKey, _ header: [String: JSON]) throws -> IDTokenEvidence {
            IDTokenEvidence(
                token: try JWS(key.sign([:], header: header)), issuer: "", registration: Evidence.registration,
                request: Evidence.request(), accessToken: nil, code: nil, keys: [], now: 0)
        }
        let conditions = FAPIConditions.idToken
        each(
            conditions, good: try idToken(Self.key, ["kid": "k"]),
            bad: [
                (conditions[0], try idToken(.newRSA(), ["kid": "k"])), (conditions[1], try idToken(Self.key, [:])),
            ])
    }

    @Test("conditions on resources")
    func resources() {
        typealias On = ResourceConditions
        let good = answer(200, [("Date", "Mon, 30 Nov 2026 18:00:00 GMT")])
        each(On.shared, good: good, bad: [(On.succeeds, answer(401)), (On.hasDate, answer(200))])
        let accepts = On.accepts("x")
        each([accepts], good: good, bad: [(accepts, answer(400))])
        let refuses = On.refuses("x")
        each(
            [refuses, On.refusesQuery, On.refusesOtherKey], good: answer(401),
            bad: [(refuses, answer(200)), (refuses, answer(500)), (On.refusesQuery, good), (On.refusesOtherKey, good)])
        each(
            [DPoPRaceModules.oneWins], good: [true, false],
            bad: [(DPoPRaceModules.oneWins, [true, true]), (DPoPRaceModules.oneWins, [false])])
    }

    @Test("conditions on DPoP")
    func dpop() {
        typealias On = DPoPModules
        let challenge = answer(401, [("WWW-Authenticate", #"Bearer, DPoP error="invalid_token", algs="ES256 PS256""#)])
        each(
            [On.challenges], good: challenge,
            bad: [
                (On.challenges, answer(401)), (On.challenges, answer(401, [("WWW-Authenticate", "DPoP realm=\"x\"")])),
            ])
        let confirmed = Evidence.json(["token_type": "DPoP", "cnf": ["jkt": "x"]])
        let bearer = Evidence.json(["token_type": "Bearer"])
        let confirms = On.confirms("x", "jkt")
        each(
            [On.saysDPoP, confirms, On.hasDPoPType], good: confirmed,
            bad: [(On.saysDPoP, bearer), (confirms, bearer), (On.hasDPoPType, bearer)])
        let nonce = answer(401, [("DPoP-Nonce", "x"), ("Cache-Control", "no-store")])
        let two = answer(401, [("DPoP-Nonce", "x"), ("DPoP-Nonce", "y"), ("Cache-Control", "no-store")])
        let demand = answer(401, [("DPoP-Nonce", "x"), ("WWW-Authenticate", #"DPoP error="use_dpop_nonce""#)])
        each([On.demandsNonce], good: demand, bad: [(On.demandsNonce, answer(200)), (On.demandsNonce, answer(401))])
        each([On.hasOneNonce], good: nonce, bad: [(On.hasOneNonce, two), (On.hasOneNonce, answer(401))])
        each(
            [On.hasPermitted, On.hasNoSymmetric], good: ["ES256", "RS256"],
            bad: [(On.hasPermitted, ["RS256"]), (On.hasNoSymmetric, ["ES256", "HS256"])])
    }

    @Test("conditions on refreshes")
    func refreshes() throws {
        typealias On = FAPIRefreshModules
        each([On.isNew], good: ["a", "b"], bad: [(On.isNew, ["a", "a"])])
        each(
            [On.keepsToken], good: Evidence.tokens(),
            bad: [(On.keepsToken, Evidence.tokens { $0["refresh_token"] = "another" })])
        let (one, other) = (try JWS(Self.key.sign(["sub": "a"])), try JWS(Self.key.sign(["sub": "b"])))
        each([On.keepsClaims], good: [one, one], bad: [(On.keepsClaims, [one, other])])
        let none = Evidence.json(["error": "invalid_dpop_proof"], status: 400)
        each(
            [FAPICodeModules.issuesNothing], good: none,
            bad: [(FAPICodeModules.issuesNothing, Evidence.json(["access_token": "x"]))])
    }

    @Test("conditions on request objects")
    func objects() throws {
        typealias On = RequestObjectModules
        each([On.isNotFetched], good: 0, bad: [(On.isNotFetched, 1)])
        each(
            [On.grantsNothingFromOutside], good: Evidence.tokens(),
            bad: [(On.grantsNothingFromOutside, Evidence.tokens { $0["scope"] = "openid email" })])
        let listed = try metadata {
            $0["request_parameter_supported"] = true
            $0["request_object_signing_alg_values_supported"] = ["ES256"]
        }
        each(
            [On.agreesWithItself], good: listed,
            bad: [(On.agreesWithItself, try metadata())])
    }

    @Test("conditions on signed responses")
    func signedResponses() throws {
        typealias On = SignedAnswerConditions
        func evidence(
            _ type: String, _ change: (inout [String: JSON]) -> Void = { _ in },
            header: [String: JSON] = ["typ": "token-introspection+jwt"], by key: SigningKey? = nil
        ) throws -> SignedAnswerEvidence {
            var claims: [String: JSON] = [
                "iss": .string(Evidence.issuer), "aud": "api", "iat": .number(Evidence.now),
                "token_introspection": ["active": true],
            ]
            change(&claims)
            let text = try (key ?? Self.key).sign(claims, header: header)
            return SignedAnswerEvidence(
                answer: answer(200, [("Content-Type", type)], text), issuer: Evidence.issuer, audience: "api",
                keys: [try #require(Self.key.publicJWK)])
        }
        let type = "application/token-introspection+jwt"
        each(
            On.introspection + [On.saysActive], good: try evidence(type),
            bad: [
                (On.introspection[0], try evidence("application/json")),
                (On.isForAudience, try evidence(type) { $0["aud"] = "another" }),
                (On.hasIssuer, try evidence(type) { $0["iss"] = nil }),
                (On.hasValidSignature, try evidence(type, by: .newP256())),
                (On.hasIntrospectionType, try evidence(type, header: [:])),
                (On.hasIssueTime, try evidence(type) { $0["iat"] = nil }),
                (On.cannotBeAccessToken, try evidence(type) { $0["sub"] = "x" }),
                (On.saysActive, try evidence(type) { $0["token_introspection"] = ["active": false] }),
            ])
        let inactive = try evidence(type) { $0["token_introspection"] = ["active": false] }
        let talkative = try evidence(type) { $0["token_introspection"] = ["active": false, "sub": "x"] }
        each([On.saysOnlyInactive], good: inactive, bad: [(On.saysOnlyInactive, talkative)])
        let about = On.isAbout("somebody")
        each(
            [about], good: try evidence("application/jwt") { $0["sub"] = "somebody" },
            bad: [(about, try evidence("application/jwt"))])
    }

    // Metadata and TLS

    private func metadata(_ change: (inout [String: JSON]) -> Void = { _ in }) throws -> MetadataEvidence {
        MetadataEvidence(
            metadata: try Evidence.metadata { members in
                members["pushed_authorization_request_endpoint"] = "https://id.example.com/par"
                members["token_endpoint_auth_methods_supported"] = ["private_key_jwt", "tls_client_auth"]
                for name in ["token_endpoint_auth", "dpop", "authorization", "id_token"] {
                    members["\(name)_signing_alg_values_supported"] = ["RS256", "PS256"]
                }
                members["request_object_signing_alg_values_supported"] = ["ES256"]
                members["response_modes_supported"] = ["query", "jwt", "query.jwt"]
                members["tls_client_certificate_bound_access_tokens"] = true
                members["mtls_endpoint_aliases"] = ["token_endpoint": "https://id.example.com:8443/token"]
                change(&members)
            }, issuer: Evidence.issuer)
    }

    @Test("conditions on metadata for FAPI", arguments: FAPIVariant.messageSigning)
    func fapiMetadata(_ variant: FAPIVariant) throws {
        #expect(broken(FAPIMetadataConditions.shared + FAPIMetadataConditions.of(variant), try metadata()) == [])
        let poor = try metadata { members in
            for name in members.keys where name.hasSuffix("_signing_alg_values_supported") { members[name] = ["RS256"] }
            for name in [
                "response_modes_supported", "tls_client_certificate_bound_access_tokens",
                "authorization_response_iss_parameter_supported", "scopes_supported", "subject_types_supported",
            ] { members[name] = nil }
            members["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]
            members["mtls_endpoint_aliases"] = ["token_endpoint": "http://id.example.com/token"]
        }
        let conditions = FAPIMetadataConditions.of(variant).filter { $0.name != MetadataConditions.scopesAreLegal.name }
        #expect(broken(conditions, poor) == Set(conditions.map(\.name)))
    }

    @Test("conditions on metadata for FAPI that hold in every variant")
    func sharedMetadata() throws {
        let empty = try metadata { members in
            for name in members.keys where name.hasSuffix("_supported") { members[name] = nil }
            members["pushed_authorization_request_endpoint"] = nil
        }
        let own = FAPIMetadataConditions.shared.filter { condition in
            ![
                MetadataConditions.isJSON, MetadataConditions.namesIssuer, MetadataConditions.endpointsAreSecure,
                MetadataConditions.listsAreNotEmpty, MetadataConditions.hasTypedMembers,
                MetadataConditions.hasOnlyRegisteredMembers, MetadataConditions.localesAreCanonical,
            ].map(\.name).contains(condition.name)
        }
        #expect(own.count == 5)
        #expect(broken(own, empty) == Set(own.map(\.name)))
        each(
            [ResponseJWTModules.offersJWT], good: try metadata().metadata,
            bad: [(ResponseJWTModules.offersJWT, empty.metadata)])
    }

    @Test("conditions on TLS")
    func tls() {
        typealias On = FAPITransport
        func evidence(_ offers: [TLSOffer]) -> FAPITransport.Evidence {
            FAPITransport.Evidence(
                origin: "https://id.example.com", accepted: Dictionary(uniqueKeysWithValues: offers.map { ($0, true) }))
        }
        each(
            On.conditions, good: evidence([.tls13, .recommended]),
            bad: [
                (On.refusesOldVersions, evidence([.tls11])), (On.refusesOldVersions, evidence([.tls10])),
                (On.acceptsRecommended, evidence([])), (On.refusesOtherSuites, evidence(TLSOffer.others)),
                (On.offersLatest, evidence([.recommended])),
            ])
    }
}
