/// What codes are bound to in FAPI 2.0 (FAPI 2.0 Security Profile §5.3.2.1, §5.3.2.2).
enum FAPICodeModules {
    static let all = [
        otherClientID, holderOfKey, otherClient, reuse, expired, verifierRequired, wrongVerifier,
    ]

    private static let invalidGrant = ["invalid_grant"]

    static let otherClientID = Module.fapi("ensure-client-id-in-token-endpoint") { trial, client in
        let answer = try await client.authorize(client.request())
        var direct = try client.redemption(answer)
        direct.form["client_id"] = try FAPIClient(trial, .second).registration.clientID
        try await client.isRefused(direct, ["invalid_client", "invalid_grant"], "RFC 6749 §5.2")
    }

    static let holderOfKey = Module.fapi("ensure-holder-of-key-required") { trial, client in
        let answer = try await client.authorize(client.request())
        var direct = try client.redemption(answer)
        switch client.variant.constraint {
        case .dpop: direct.proofKey = nil
        case .mtls: direct.certificate = nil
        }
        try await requiresPossession(client, direct, ["invalid_client", "invalid_request"])
        try await FAPITransport.probe(client)
    }

    /// Requires that a token request without DPoP proof or certificate is refused, by HTTP or by TLS. `codes` are the
    /// errors for a missing certificate.
    static func requiresPossession(
        _ client: FAPIClient, _ direct: DirectRequest, _ codes: [String]
    ) async throws {
        let answer: WebAnswer
        do { answer = try await client.send(direct, to: "token_endpoint") } catch let error as Misbehaviour {
            guard client.variant.constraint == .mtls else { throw error }
            return client.trial.check(refusesConnection, error.what)
        }
        let isProof = client.variant.constraint == .dpop
        let codes = isProof ? ["invalid_request", "invalid_grant", "invalid_dpop_proof"] : codes
        client.trial.check(issuesNothing, answer)
        client.trial.check(
            TokenErrorConditions.refusal(codes, "FAPI 2.0 Security Profile §5.3.2.1"), answer)
    }

    static let issuesNothing = Condition<WebAnswer>(
        "no access token is issued without proof of possession", .failure, "FAPI 2.0 Security Profile §5.3.2.1"
    ) { answer in
        .require(answer.json?["access_token"] == nil, "one was issued")
    }

    static let refusesConnection = Condition<String>(
        "a connection without certificate is refused", .failure, "RFC 8705 §2"
    ) { _ in .holds }

    static let otherClient = Module.fapi("ensure-authorization-code-is-bound-to-client") { trial, client in
        let answer = try await client.authorize(client.request())
        let thief = try FAPIClient(trial, .second)
        try await thief.isRefused(
            thief.direct(client.redemption(answer).form), invalidGrant, "RFC 6749 §4.1.3")
    }

    static let reuse = Module.fapi("attempt-reuse-authorization-code-after-one-second") { trial, client in
        let grant = try await client.signIn()
        try await Task.sleep(for: .seconds(1))
        try await client.isRefused(client.redemption(grant.answer), invalidGrant, "RFC 6749 §4.1.2")
        trial.check(CodeModules.tokenIsRevoked, try await client.send(client.call(grant.accessToken)))
    }

    static let expired = Module.fapi("ensure-token-endpoint-fails-with-expired-auth-code") { trial, client in
        let answer = try await client.authorize(client.request())
        try await Task.sleep(for: .seconds(62))
        try await client.isRefused(
            client.redemption(answer), invalidGrant, "FAPI 2.0 Security Profile §5.3.2.1")
    }

    static let verifierRequired = Module.fapi("ensure-pkce-code-verifier-required") { trial, client in
        var direct = try client.redemption(try await client.authorize(client.request()))
        direct.form["code_verifier"] = nil
        try await client.isRefused(direct, invalidGrant, "RFC 7636 §4.6")
    }

    static let wrongVerifier = Module.fapi("incorrect-pkce-code-verifier-rejected") { trial, client in
        var direct = try client.redemption(try await client.authorize(client.request()))
        direct.form["code_verifier"] = ProofKey().verifier
        try await client.isRefused(direct, invalidGrant, "RFC 7636 §4.6")
    }
}
