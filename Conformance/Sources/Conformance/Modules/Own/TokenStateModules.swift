/// Introspection and revocation (RFC 7662, RFC 7009).
enum TokenStateModules {
    static let all = [
        introspection, introspectionNeedsClient, introspectionOfGarbage, introspectionByStranger, revocation,
        revocationOfAccess, revocationByStranger, revocationOfGarbage, revocationNeedsClient,
    ]

    static let introspection = Module(
        "martlet-introspection", ["RFC7662-001", "RFC7662-003", "RFC7662-006", "RFC7662-008"]
    ) { trial in
        let token = try await serviceToken(trial)
        let api = try trial.registration(.api)
        let answer = try await introspect(token, as: api, trial)
        trial.check([isActive, describes, isNotStored], answer)
        // A wrong hint must not change the result (RFC 7662 §2.1).
        let hinted = try await introspect(token, as: api, trial, [Parameter("token_type_hint", "refresh_token")])
        trial.check(isActive, hinted)
    }

    static let introspectionNeedsClient = Module(
        "martlet-introspection-needs-authentication", ["RFC7662-002", "RFC7662-007"]
    ) { trial in
        let token = try await serviceToken(trial)
        let endpoint = try await TokenStateModules.endpoint("introspection_endpoint", trial)
        let anonymous = try await trial.send(.form([Parameter("token", token)], to: endpoint))
        trial.check([tellsNothing, isRefused], anonymous)
        let api = try trial.registration(.api)
        var wrong = ClientAuthentication()
        wrong.headers = [ClientAuthentication.basic(api.clientID, .random())]
        let refused = try await trial.post(
            [Parameter("token", token)], to: endpoint, as: api, authentication: wrong)
        trial.check([tellsNothing, isRefused], refused)
    }

    static let introspectionOfGarbage = Module(
        "martlet-introspection-of-garbage", ["RFC7662-004", "RFC7662-005", "RFC7662-007"]
    ) { trial in
        let api = try trial.registration(.api)
        for token in ["x", String.random(), "a.b.c"] {
            trial.check(isInactive, try await introspect(token, as: api, trial))
        }
    }

    static let introspectionByStranger = Module(
        "martlet-introspection-by-a-stranger", ["RFC7662-004", "RFC7662-010"]
    ) { trial in
        let token = try await serviceToken(trial)
        trial.check(isInactive, try await introspect(token, as: trial.registration(.second), trial))
    }

    static let revocation = Module(
        "martlet-revocation-of-a-refresh-token", ["RFC7009-001", "RFC7009-005", "RFC7009-007"]
    ) { trial in
        let signedIn = try await RefreshModules.offline(trial, .first)
        guard let token = signedIn.tokens.refreshToken else {
            throw Skip(reason: "the provider issues no refresh token")
        }
        let registration = signedIn.answer.request.registration
        trial.check(isAccepted, try await revoke(token, as: registration, trial))
        trial.check(
            TokenErrorConditions.refusal(["invalid_grant"], "RFC 7009 §2.1"),
            try await trial.token(RefreshModules.parameters(token), as: registration))
        trial.check(accessEnds.at(.warning), try await userInfo(signedIn.accessToken, trial))
        trial.check(isAccepted, try await revoke(token, as: registration, trial))
    }

    static let revocationOfAccess = Module(
        "martlet-revocation-of-an-access-token", ["RFC7009-001", "RFC7009-004", "RFC7009-007"]
    ) { trial in
        let signedIn = try await trial.signIn()
        let hint = [Parameter("token_type_hint", "refresh_token")]
        let registration = signedIn.answer.request.registration
        trial.check(isAccepted, try await revoke(signedIn.accessToken, as: registration, trial, hint))
        trial.check(accessEnds, try await userInfo(signedIn.accessToken, trial))
        let token = try await serviceToken(trial)
        trial.check(isAccepted, try await revoke(token, as: trial.registration(.service), trial))
        trial.check(isInactive, try await introspect(token, as: trial.registration(.api), trial))
    }

    static let revocationByStranger = Module("martlet-revocation-by-a-stranger", ["RFC7009-003"]) { trial in
        let signedIn = try await trial.signIn()
        _ = try await revoke(signedIn.accessToken, as: trial.registration(.second), trial)
        trial.check(UserInfoConditions.succeeds, try await trial.userInfo(signedIn))
    }

    static let revocationOfGarbage = Module("martlet-revocation-of-garbage", ["RFC7009-006"]) { trial in
        trial.check(isAccepted, try await revoke(.random(), as: trial.registration(.first), trial))
    }

    static let revocationNeedsClient = Module(
        "martlet-revocation-needs-authentication", ["RFC7009-003", "RFC7009-008"]
    ) { trial in
        let signedIn = try await trial.signIn()
        let registration = signedIn.answer.request.registration
        var claimed = ClientAuthentication()
        claimed.form = [Parameter("client_id", registration.clientID)]
        let endpoint = try await TokenStateModules.endpoint("revocation_endpoint", trial)
        let refused = try await trial.post(
            [Parameter("token", signedIn.accessToken)], to: endpoint, as: registration, authentication: claimed)
        trial.check(TokenErrorConditions.refusal(["invalid_client"], "RFC 7009 §2.2.1"), refused)
        trial.check(UserInfoConditions.succeeds, try await trial.userInfo(signedIn))
    }

    // Steps

    private static func endpoint(_ name: String, _ trial: Trial) async throws -> WebAddress {
        guard let address = try await trial.metadata()[name]?.string else {
            throw Skip(reason: "the metadata has no \(name)")
        }
        return WebAddress(address)
    }

    static func serviceToken(_ trial: Trial) async throws -> String {
        let registration = try trial.registration(.service)
        let answer = try await trial.token(ClientModules.request(registration), as: registration)
        try trial.require(TokenAnswerConditions.succeeds, answer)
        return answer.json?["access_token"]?.string ?? ""
    }

    static func introspect(
        _ token: String, as registration: Registration, _ trial: Trial, _ more: [Parameter] = []
    ) async throws -> WebAnswer {
        let endpoint = try await TokenStateModules.endpoint("introspection_endpoint", trial)
        return try await trial.post([Parameter("token", token)] + more, to: endpoint, as: registration)
    }

    private static func revoke(
        _ token: String, as registration: Registration, _ trial: Trial, _ more: [Parameter] = []
    ) async throws -> WebAnswer {
        let endpoint = try await TokenStateModules.endpoint("revocation_endpoint", trial)
        return try await trial.post([Parameter("token", token)] + more, to: endpoint, as: registration)
    }

    private static func userInfo(_ token: String, _ trial: Trial) async throws -> WebAnswer {
        let endpoint = try await trial.metadata().endpoint("userinfo_endpoint")
        return try await trial.send(WebRequest("GET", endpoint, headers: [Trial.bearer(token)]))
    }

    // Conditions

    static let isActive = Condition<WebAnswer>("a valid token is active", .failure, "RFC 7662 §2.2") { answer in
        .require(answer.status == 200 && answer.json?["active"]?.bool == true, "the response is \(answer.status)")
    }

    static let describes = Condition<WebAnswer>(
        "an active token is returned with client_id and exp", .warning, "RFC 7662 §2.2"
    ) { answer in
        let missing = ["client_id", "exp"].filter { answer.json?[$0] == nil }
        return .require(missing.isEmpty, "missing: \(missing)")
    }

    static let isNotStored = Condition<WebAnswer>(
        "the introspection response is not cacheable", .warning, "RFC 7662 §4"
    ) { answer in
        .require(
            answer.header("Cache-Control")?.contains("no-store") == true,
            "Cache-Control is \(answer.header("Cache-Control") ?? "missing")")
    }

    static let isInactive = Condition<WebAnswer>(
        "any other token yields only active: false", .failure, "RFC 7662 §2.2"
    ) { answer in
        .require(
            answer.status == 200 && answer.json?.object == ["active": false],
            "the response is \(answer.status) with \((answer.json?.object?.keys).map { $0.sorted() } ?? [])")
    }

    static let tellsNothing = Condition<WebAnswer>(
        "an unauthenticated caller learns nothing about the token", .failure, "RFC 7662 §2.1"
    ) { answer in
        .require(answer.json?["active"] == nil, "the response contains active")
    }

    static let isRefused = Condition<WebAnswer>(
        "an unauthenticated caller gets 401", .failure, "RFC 7662 §2.3"
    ) { answer in
        .require(answer.status == 401, "the response is \(answer.status)")
    }

    static let isAccepted = Condition<WebAnswer>("the revocation endpoint responds with 200", .failure, "RFC 7009 §2.2")
    { answer in
        .require(answer.status == 200, "it responds with \(answer.status)")
    }

    static let accessEnds = Condition<WebAnswer>(
        "a revoked access token is rejected immediately", .failure, "RFC 7009 §2.1"
    ) { answer in
        .require(answer.status == 401, "the userinfo endpoint responds with \(answer.status)")
    }
}
