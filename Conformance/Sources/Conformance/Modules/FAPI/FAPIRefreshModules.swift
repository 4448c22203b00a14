/// Refresh tokens in FAPI 2.0 (RFC 6749 §6; FAPI 2.0 Security Profile §5.3.2.1).
enum FAPIRefreshModules {
    static let all = [refresh]

    static let refresh = Module.fapi("refresh-token") { trial, first in
        let second = try FAPIClient(trial, .second)
        let grant = try await offline(first)
        let other = try await offline(second)
        guard let token = grant.tokens.refreshToken, let foreign = other.tokens.refreshToken else {
            throw Skip(reason: "the provider issues no refresh token")
        }
        trial.check(RefreshModules.isPromised, try await trial.metadata())
        // Tokens issued within the same second could be identical.
        try await Task.sleep(for: .seconds(1.1))
        let renewed = try await renew(token, of: grant, first)
        _ = try await renew(renewed.refreshToken ?? token, of: grant, first)
        _ = try await renew(foreign, of: other, second)
        let current = renewed.refreshToken ?? token
        var anonymous = first.direct(RefreshModules.parameters(current))
        anonymous.isAuthenticated = false
        if first.variant.authentication == .mtls { anonymous.certificate = nil }
        try await isRefused(first, anonymous)
        var unproven = first.direct(RefreshModules.parameters(current))
        unproven.proofKey = nil
        if first.variant.constraint == .mtls { unproven.certificate = nil }
        try await FAPICodeModules.requiresPossession(
            first, unproven, ["invalid_client", "invalid_request", "invalid_grant"])
        try await first.isRefused(
            first.direct(RefreshModules.parameters(foreign)), ["invalid_grant"], "RFC 6749 §6")
        _ = try await renew(current, of: grant, first)
    }

    /// Signs in and asks for a refresh token, with `offline_access` if the provider supports it.
    static func offline(_ client: FAPIClient) async throws -> FAPIGrant {
        let metadata = try await client.trial.metadata()
        let offersOffline = metadata.lists("offline_access", in: "scopes_supported") == true
        var request = try client.request(scope: offersOffline ? "offline_access" : "")
        if offersOffline { request["prompt"] = "consent" }
        return try await client.signIn(request)
    }

    /// Refreshes, checks the tokens, and uses the new access token.
    static func renew(_ token: String, of grant: FAPIGrant, _ client: FAPIClient) async throws -> TokenAnswer {
        let trial = client.trial
        let answer = try await client.send(client.direct(RefreshModules.parameters(token)), to: "token_endpoint")
        let tokens = client.tokenAnswer(answer, for: "refresh_token", grant.request)
        try trial.require(TokenConditions.succeeds, tokens)
        trial.check(TokenConditions.shared.dropFirst() + [TokenConditions.isNotStored], tokens)
        trial.check(isNew, [grant.accessToken, tokens.accessToken ?? ""])
        trial.check(keepsToken, tokens)
        if let before = grant.idToken, tokens.idToken != nil {
            let after = try trial.idToken(tokens)
            trial.check(keepsClaims, [before, after])
        }
        trial.check(ResourceConditions.shared, try await client.send(client.call(tokens.accessToken ?? "")))
        return tokens
    }

    /// A refresh without client authentication, or with the connection refused for it.
    private static func isRefused(_ client: FAPIClient, _ direct: DirectRequest) async throws {
        let answer: WebAnswer
        do { answer = try await client.send(direct, to: "token_endpoint") } catch let error as Misbehaviour {
            guard client.variant.authentication == .mtls else { throw error }
            return client.trial.check(FAPICodeModules.refusesConnection, error.what)
        }
        let codes = ["invalid_client", "invalid_grant", "invalid_request"]
        client.trial.check(TokenErrorConditions.refusal(codes, "RFC 6749 §6"), answer)
    }

    static let isNew = Condition<[String]>("a new access token is issued", .failure, "RFC 6749 §6") { tokens in
        .require(Set(tokens).count == tokens.count, "the access token is unchanged")
    }

    /// Rotation adds nothing for a confidential client whose tokens are sender-constrained.
    static let keepsToken = Condition<TokenAnswer>(
        "refresh tokens are not rotated", .warning, "FAPI 2.0 Security Profile §5.3.2.1"
    ) { tokens in
        .require(tokens.refreshToken == nil, "a new one was issued")
    }

    static let keepsClaims = Condition<[JWS]>(
        "a new ID Token keeps iss, sub, aud and auth_time", .failure, "OpenID Connect Core §12.2"
    ) { tokens in
        let changed = ["iss", "sub", "aud", "auth_time"].filter { name in
            Set(tokens.map { $0.claims[name] }).count > 1
        }
        return .require(changed.isEmpty, "changed: \(changed)")
    }
}
