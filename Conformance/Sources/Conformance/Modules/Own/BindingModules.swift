/// What codes and refresh tokens are bound to (RFC 6749 §4.1.3, §6; RFC 7636; RFC 9700 §2.1.1).
enum BindingModules {
    static let all = [
        lifetime, codeOfAnother, otherRedirectURI, missingRedirectURI, wrongVerifier, missingVerifier, downgrade, plain,
        required,
        refreshOfAnother, refreshWithoutClient, widerScope,
    ]

    private static let invalidGrant = ["invalid_grant"]

    static let codeOfAnother = Module("martlet-code-bound-to-client", ["RFC6749-024", "RFC6749-029"]) { trial in
        let answer = try await answered(trial)
        let code = try trial.code(of: answer)
        let thief = try trial.registration(.second)
        let stolen = try await trial.token(trial.redemption(code, answer.request), as: thief)
        trial.check(TokenErrorConditions.refusal(invalidGrant, "RFC 6749 §4.1.3"), stolen)
        // A thief's attempt must not invalidate the owner's code.
        let own = try await trial.token(trial.redemption(code, answer.request), as: answer.request.registration)
        trial.check(stillWorks, own)
    }

    static let otherRedirectURI = Module("martlet-code-bound-to-redirect-uri", ["RFC6749-024", "RFC6749-046"]) {
        trial in
        let answer = try await answered(trial)
        var form = trial.redemption(try trial.code(of: answer), answer.request)
        guard let other = answer.request.registration.redirectURIs.dropFirst().first else {
            throw NotConfigured(what: "the client \"first\" needs a second redirect URI")
        }
        form["redirect_uri"] = other
        let refused = try await trial.token(form, as: answer.request.registration)
        trial.check(TokenErrorConditions.refusal(invalidGrant, "RFC 6749 §4.1.3"), refused)
    }

    static let missingRedirectURI = Module("martlet-token-request-without-redirect-uri", ["RFC6749-029"]) { trial in
        let answer = try await answered(trial)
        var form = trial.redemption(try trial.code(of: answer), answer.request)
        form["redirect_uri"] = nil
        let refused = try await trial.token(form, as: answer.request.registration)
        trial.check(TokenErrorConditions.refusal(["invalid_request", "invalid_grant"], "RFC 6749 §4.1.3"), refused)
    }

    static let wrongVerifier = Module("martlet-pkce-wrong-verifier", ["RFC7636-007", "RFC9700-003"]) { trial in
        let answer = try await answered(trial, proof: ProofKey())
        let form = trial.redemption(try trial.code(of: answer), answer.request, verifier: ProofKey().verifier)
        trial.check(
            TokenErrorConditions.refusal(invalidGrant, "RFC 7636 §4.6"),
            try await trial.token(form, as: answer.request.registration))
    }

    static let missingVerifier = Module("martlet-pkce-missing-verifier", ["RFC7636-006", "RFC9700-003"]) { trial in
        let answer = try await answered(trial, proof: ProofKey())
        let form = trial.redemption(try trial.code(of: answer), answer.request)
        trial.check(
            TokenErrorConditions.refusal(["invalid_grant", "invalid_request"], "RFC 7636 §4.5"),
            try await trial.token(form, as: answer.request.registration))
    }

    static let downgrade = Module("martlet-pkce-downgrade", ["RFC9700-004", "RFC9700-020"]) { trial in
        let answer = try await answered(trial)
        let form = trial.redemption(try trial.code(of: answer), answer.request, verifier: ProofKey().verifier)
        trial.check(
            TokenErrorConditions.refusal(["invalid_grant", "invalid_request"], "RFC 9700 §4.8.2"),
            try await trial.token(form, as: answer.request.registration))
    }

    /// A redirect takes less than a minute. OAuth recommends ten minutes at most.
    static let lifetime = Module("martlet-code-lifetime", ["RFC6749-021"]) { trial in
        let answer = try await answered(trial)
        let code = try trial.code(of: answer)
        try await Task.sleep(for: .seconds(62))
        trial.check(
            expires, try await trial.token(trial.redemption(code, answer.request), as: answer.request.registration))
    }

    static let expires = Condition<WebAnswer>(
        "a code expires within a minute", .warning, "FAPI 2.0 Security Profile §5.3.2.1", "RFC 6749 §4.1.2"
    ) { answer in
        .require(answer.json?["error"]?.string == "invalid_grant", "the response is \(answer.status)")
    }

    /// A provider may support `plain` if its metadata says so (RFC 8414 §2), but should not (RFC 9700 §2.1.1).
    static let plain = Module("martlet-pkce-plain", ["RFC7636-008", "RFC9700-005"]) { trial in
        var request = try trial.request()
        request["code_challenge"] = ProofKey().verifier
        request["code_challenge_method"] = "plain"
        let (answer, _) = try await trial.authorize(request, in: trial.browser(), by: trial.person())
        let isOffered = try await trial.metadata().lists("plain", in: "code_challenge_methods_supported") ?? true
        let refuses = AuthorizationConditions.isError(["invalid_request"], "RFC 9700 §2.1.1")
        trial.check(isOffered ? refuses.at(.warning) : refuses, answer)
    }

    static let required = Module("martlet-pkce-required-for-public-clients", ["RFC9700-006", "RFC7636-005"]) { trial in
        let request = try trial.request(.publicClient)
        let (answer, _) = try await trial.authorize(request, in: trial.browser(), by: trial.person())
        trial.check(AuthorizationConditions.failure, answer)
        trial.check(AuthorizationConditions.isError(["invalid_request"], "RFC 7636 §4.4.1"), answer)
    }

    static let refreshOfAnother = Module("martlet-refresh-bound-to-client", ["RFC6749-040", "OIDC-Core-083"]) { trial in
        let (signedIn, token) = try await offline(trial)
        let refused = try await trial.token(RefreshModules.parameters(token), as: trial.registration(.second))
        trial.check(TokenErrorConditions.refusal(invalidGrant, "RFC 6749 §6"), refused)
        let registration = signedIn.answer.request.registration
        trial.check(stillWorks, try await trial.token(RefreshModules.parameters(token), as: registration))
    }

    static let refreshWithoutClient = Module(
        "martlet-refresh-without-authentication", ["RFC6749-040", "RFC6749-017"]
    ) { trial in
        let (signedIn, token) = try await offline(trial)
        let registration = signedIn.answer.request.registration
        var claimed = ClientAuthentication()
        claimed.form = [Parameter("client_id", registration.clientID)]
        let refused = try await trial.token(
            RefreshModules.parameters(token), as: registration, authentication: claimed)
        trial.check(TokenErrorConditions.refusal(["invalid_client"], "RFC 6749 §6"), refused)
    }

    static let widerScope = Module("martlet-refresh-scope", ["RFC6749-041"]) { trial in
        let (signedIn, token) = try await offline(trial)
        let wider = RefreshModules.parameters(token) + [Parameter("scope", "openid email phone")]
        let refused = try await trial.token(wider, as: signedIn.answer.request.registration)
        trial.check(TokenErrorConditions.refusal(["invalid_scope"], "RFC 6749 §6"), refused)
    }

    private static func answered(_ trial: Trial, proof: ProofKey? = nil) async throws -> AuthorizationAnswer {
        var request = try trial.request()
        request["code_challenge"] = proof?.challenge
        request["code_challenge_method"] = proof.map { _ in "S256" }
        return try await trial.authorize(request, in: trial.browser(), by: trial.person()).0
    }

    private static func offline(_ trial: Trial) async throws -> (SignedIn, String) {
        let signedIn = try await RefreshModules.offline(trial, .first)
        guard let token = signedIn.tokens.refreshToken else {
            throw Skip(reason: "the provider issues no refresh token")
        }
        return (signedIn, token)
    }

    static let stillWorks = Condition<WebAnswer>(
        "another client's attempt does not invalidate the owner's code or token", .failure, "RFC 6749 §10.4",
        "RFC 6749 §10.5"
    ) { answer in
        .require(answer.status == 200, "the owner got \(answer.status): \(TokenConditions.said(answer))")
    }
}
