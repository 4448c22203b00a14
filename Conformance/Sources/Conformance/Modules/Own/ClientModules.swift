import Foundation

/// Client authentication and its failures (RFC 6749 §2.3, §5.2; RFC 7523 §3).
enum ClientModules {
    static let all = [
        wrongSecret, unknownClient, otherMethod, twoMethods, secretInQuery, assertion, credentials, service,
    ]

    private static let invalidClient = TokenErrorConditions.refusal(["invalid_client"], "RFC 6749 §5.2")

    static let wrongSecret = Module("martlet-client-wrong-secret", ["RFC6749-039", "RFC6749-017"]) { trial in
        let registration = try trial.registration(.first)
        let answer = try await ask(trial, registration) { $0.headers = [ClientAuthentication.basic($1, .random())] }
        trial.check(invalidClient + [TokenErrorConditions.challenges], answer)
    }

    static let unknownClient = Module("martlet-client-unknown", ["RFC6749-038"]) { trial in
        let registration = try trial.registration(.first)
        let answer = try await ask(trial, registration) { proof, _ in
            proof.headers = [ClientAuthentication.basic("nobody-\(String.random())", .random())]
        }
        trial.check(invalidClient, answer)
    }

    static let otherMethod = Module("martlet-client-other-method", ["OIDC-Core-035"]) { trial in
        let registration = try trial.registration(.post)
        let answer = try await ask(trial, registration) { proof, identifier in
            proof.headers = [ClientAuthentication.basic(identifier, registration.clientSecret ?? "")]
        }
        trial.check(invalidClient, answer)
    }

    static let twoMethods = Module("martlet-client-two-methods", ["RFC6749-004"]) { trial in
        let registration = try trial.registration(.first)
        let secret = registration.clientSecret ?? ""
        let answer = try await ask(trial, registration) { proof, identifier in
            proof.headers = [ClientAuthentication.basic(identifier, secret)]
            proof.form = [Parameter("client_id", identifier), Parameter("client_secret", secret)]
        }
        trial.check(
            TokenErrorConditions.refusal(["invalid_request", "invalid_client"], "RFC 6749 §2.3"), answer)
    }

    static let secretInQuery = Module("martlet-client-secret-in-query", ["RFC6749-002"]) { trial in
        let registration = try trial.registration(.post)
        let query = [
            Parameter("client_id", registration.clientID),
            Parameter("client_secret", registration.clientSecret ?? ""),
        ]
        let endpoint = try await trial.metadata().endpoint("token_endpoint").adding(query)
        let form = [Parameter("grant_type", "authorization_code"), Parameter("code", "x")]
        trial.check(invalidClient, try await trial.send(.form(form, to: endpoint)))
    }

    /// Every claim and the signature are checked, and an assertion works only once.
    static let assertion = Module(
        "martlet-client-assertion", ["RFC7523-001", "RFC7523-002", "OIDC-Core-074"]
    ) { trial in
        let registration = try trial.registration(.privateKey)
        guard let key = registration.privateKey.flatMap(SigningKey.init) else {
            throw NotConfigured(what: "the client \"private_key_jwt\" needs a private_key")
        }
        let good = ClientAuthentication.claims(registration, trial.target.issuer)
        let now = Date().timeIntervalSince1970.rounded(.down)
        let broken: [(String, [String: JSON])] = [
            ("aud", ["aud": "https://elsewhere.example"]), ("exp", ["exp": .number(now - 600)]),
            ("sub", ["sub": "somebody-else"]), ("iss", ["iss": "somebody-else"]),
        ]
        for (name, change) in broken {
            let claims = good.merging(change) { _, new in new }.merging(["jti": .string(.random())]) { _, new in new }
            let form = try ClientAuthentication.assertion(claims, by: key, registration.privateKey?["kid"])
            try await refused(trial, registration, form, "an assertion with a wrong \(name) is rejected")
        }
        let endpoint = try await trial.metadata().endpoint("token_endpoint").text
        let audiences: [(String, JSON)] = [
            ("several audiences", ["https://elsewhere.example", .string(trial.target.issuer)]),
            ("the token endpoint", .string(endpoint)),
        ]
        for (name, audience) in audiences {
            let claims = good.merging(["aud": audience, "jti": .string(.random())]) { _, new in new }
            let form = try ClientAuthentication.assertion(claims, by: key, registration.privateKey?["kid"])
            try await refused(
                trial, registration, form, "an assertion for \(name) is rejected", .warning, audienceRule)
        }
        let own = try SigningKey.newRSA()
        let forged = try ClientAuthentication.assertion(good, by: own, registration.privateKey?["kid"])
        try await refused(trial, registration, forged, "an assertion signed with another key is rejected")
        let unsigned = try ClientAuthentication.assertion(good, by: .none)
        try await refused(trial, registration, unsigned, "an unsigned assertion is rejected")
        let form = try ClientAuthentication.assertion(good, by: key, registration.privateKey?["kid"])
        trial.check(TokenAnswerConditions.succeeds, try await clientToken(trial, registration, form))
        try await refused(trial, registration, form, "a replayed assertion is rejected")
    }

    /// A server that accepts an audience shared with another server accepts assertions made for that server
    /// (CVE-2025-27370).
    private static let audienceRule = "draft-ietf-oauth-rfc7523bis"

    static let credentials = Module(
        "martlet-client-credentials", ["RFC6749-033", "RFC6749-034", "RFC6749-035"]
    ) { trial in
        let registration = try trial.registration(.service)
        let answer = try await trial.token(request(registration), as: registration)
        let tokens = TokenAnswer(grantType: "client_credentials", scope: registration.scope ?? "", answer: answer)
        trial.check(TokenConditions.shared + [TokenConditions.hasNoRefreshToken], tokens)
    }

    /// A public client can't use client credentials, since anyone could impersonate it (RFC 6749 §4.4).
    static let service = Module("martlet-client-credentials-of-a-public-client", ["RFC6749-033"]) { trial in
        let registration = try trial.registration(.publicClient)
        let answer = try await trial.token([Parameter("grant_type", "client_credentials")], as: registration)
        let codes = ["unauthorized_client", "invalid_client"]
        trial.check(TokenErrorConditions.refusal(codes, "RFC 6749 §4.4"), answer)
    }

    static func request(_ registration: Registration) -> [Parameter] {
        var form = [Parameter("grant_type", "client_credentials")]
        form["scope"] = registration.scope
        return form
    }

    /// Sends a token request with a random code. The client must be authenticated before the code is checked
    /// (RFC 6749 §4.1.3).
    private static func ask(
        _ trial: Trial, _ registration: Registration, _ change: (inout ClientAuthentication, String) -> Void
    ) async throws -> WebAnswer {
        var proof = ClientAuthentication()
        change(&proof, registration.clientID)
        let form = [
            Parameter("grant_type", "authorization_code"), Parameter("code", .random()),
            Parameter("redirect_uri", registration.redirectURIs.first ?? ""),
        ]
        return try await trial.token(form, as: registration, authentication: proof)
    }

    private static func clientToken(
        _ trial: Trial, _ registration: Registration, _ assertion: [Parameter]
    ) async throws -> WebAnswer {
        var proof = ClientAuthentication()
        proof.form = assertion
        return try await trial.token(request(registration), as: registration, authentication: proof)
    }

    private static func refused(
        _ trial: Trial, _ registration: Registration, _ assertion: [Parameter], _ name: String,
        _ level: Level = .failure, _ section: String = "RFC 7523 §3"
    ) async throws {
        let answer = try await clientToken(trial, registration, assertion)
        trial.check(
            Condition<WebAnswer>(name, level, section) { answer in
                .require(answer.json?["error"]?.string == "invalid_client", "the response is \(answer.status)")
            }, answer)
    }
}

/// Brief checks of responses that other conditions examine in detail.
enum TokenAnswerConditions {
    static let succeeds = Condition<WebAnswer>("a valid request succeeds", .failure, "RFC 6749 §5.1") { answer in
        .require(answer.status == 200, "the response is \(answer.status): \(TokenConditions.said(answer))")
    }
}
