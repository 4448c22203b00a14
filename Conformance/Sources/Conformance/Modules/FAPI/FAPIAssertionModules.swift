/// Client assertions in FAPI 2.0 (RFC 7523 §3; FAPI 2.0 Security Profile §5.3.2.1, §5.4.1).
enum FAPIAssertionModules {
    static let all = [
        withRS256, missing, expired, otherAudience, withoutSubject, soonValid, lateValid, severalAudiences,
        pushedEndpoint, tokenEndpoint,
    ]

    private static let codes = ["invalid_client", "invalid_request"]
    private static let audienceRule = "FAPI 2.0 Security Profile §5.3.2.1"

    /// Redeems a code with a changed assertion, which must be refused.
    private static func atToken(
        _ name: String, _ section: String, _ codes: [String] = codes,
        _ change: @escaping @Sendable (inout DirectRequest, FAPIClient) throws -> Void
    ) -> Module {
        Module.fapi(name) { _, client in
            var direct = try client.redemption(try await client.authorize(client.request()))
            try change(&direct, client)
            try await client.isRefused(direct, codes, section)
        }
    }

    /// Pushes a request with a changed assertion, which must be refused.
    private static func atPushing(
        _ name: String, _ section: String,
        _ change: @escaping @Sendable (inout [String: JSON], ProviderMetadata) -> Void
    ) -> Module {
        Module.fapi(name) { trial, client in
            var pushed = client.push(try client.request())
            let metadata = try await trial.metadata()
            pushed.direct.changesAssertion = { change(&$0, metadata) }
            trial.check(TokenErrorConditions.refusal(codes, section), try await client.send(pushed))
        }
    }

    static let withRS256 = atToken(
        "ensure-signed-client-assertion-with-RS256-fails", "FAPI 2.0 Security Profile §5.4.1", ["invalid_client"]
    ) { direct, client in
        guard let key = client.signingKey.withRS256 else { throw Skip(reason: "the client's key is not an RSA key") }
        direct.assertionKey = key
    }

    static let missing = atToken("ensure-client-assertion-in-token-endpoint", audienceRule) { direct, _ in
        direct.isAuthenticated = false
    }

    static let expired = atToken(
        "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails", "RFC 7523 §3"
    ) { direct, client in
        let now = client.trial.now.rounded(.down)
        direct.changesAssertion = { claims in
            claims["iat"] = .number(now - 360)
            claims["exp"] = .number(now - 300)
        }
    }

    static let otherAudience = atToken("ensure-client-assertion-with-wrong-aud-fails", "RFC 7523 §3") { direct, _ in
        direct.changesAssertion = { $0["aud"] = "https://elsewhere.example" }
    }

    static let withoutSubject = atToken("ensure-client-assertion-with-no-sub-fails", "RFC 7523 §3") { direct, _ in
        direct.changesAssertion = { $0["sub"] = nil }
    }

    /// Clocks differ by a few seconds.
    static let soonValid = Module.fapi(
        "par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted"
    ) { trial, client in
        var pushed = client.push(try client.request())
        let soon = trial.now.rounded(.down) + 8
        pushed.direct.changesAssertion = { claims in
            claims["iat"] = .number(soon)
            claims["nbf"] = .number(soon)
            claims["exp"] = .number(soon + 60)
        }
        trial.check(PushedConditions.succeeds.at(.warning), try await client.send(pushed))
    }

    static let lateValid = atPushing(
        "par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails", audienceRule
    ) { claims, _ in
        for name in ["iat", "exp"] { claims[name] = claims[name]?.number.map { .number($0 + 90) } }
        claims["nbf"] = claims["iat"]
    }

    static let severalAudiences = atPushing("par-test-array-as-audience-fails", audienceRule) { claims, _ in
        claims["aud"] = .array([claims["aud"] ?? .null, "https://elsewhere.example"])
    }

    static let pushedEndpoint = atPushing("par-test-par-endpoint-url-as-audience-fails", audienceRule) {
        claims, metadata in
        claims["aud"] = metadata["pushed_authorization_request_endpoint"]
    }

    static let tokenEndpoint = atPushing("par-test-token-endpoint-url-as-audience-fails", audienceRule) {
        claims, metadata in
        claims["aud"] = metadata["token_endpoint"]
    }
}
