/// A refresh and the sign-in before it (RFC 6749 §6, OpenID Connect Core §12.2).
package struct RefreshEvidence: Sendable {
    package let before: SignedIn
    package let tokens: TokenAnswer
    /// The new ID Token, which is optional.
    package let idToken: JWS?

    package init(before: SignedIn, tokens: TokenAnswer, idToken: JWS?) {
        self.before = before
        self.tokens = tokens
        self.idToken = idToken
    }
}

enum RefreshConditions {
    typealias On = Condition<RefreshEvidence>

    static let all =
        [isNew, keepsNonce, isNotOlder] + ["iss", "sub", "aud", "auth_time"].map(keeps) + [gainsNoParty]

    static let isNew = On("a new access token is issued", .failure, "RFC 6749 §6") { evidence in
        .require(evidence.tokens.accessToken != evidence.before.accessToken, "the access token is unchanged")
    }

    static let keepsNonce = On("nonce, if present, is unchanged", .failure, "OpenID Connect Core §12.2") {
        evidence in
        guard let nonce = evidence.idToken?.claims["nonce"] else { return .notRun("nonce is missing") }
        return .require(nonce == evidence.before.idToken.claims["nonce"], "nonce is \(nonce.text)")
    }

    static let isNotOlder = On("iat is not before that of the old ID Token", .failure, "OpenID Connect Core §12.2") {
        evidence in
        guard let token = evidence.idToken else { return .notRun("no new ID Token") }
        let (old, new) = (evidence.before.idToken.claims["iat"]?.number, token.claims["iat"]?.number)
        return .require((new ?? 0) >= (old ?? .infinity), "iat is \(new ?? 0), before it was \(old ?? 0)")
    }

    static let gainsNoParty = On("azp is unchanged", .failure, "OpenID Connect Core §12.2") { evidence in
        guard let token = evidence.idToken else { return .notRun("no new ID Token") }
        return .require(token.claims["azp"] == evidence.before.idToken.claims["azp"], "azp is different")
    }

    private static func keeps(_ claim: String) -> On {
        On("the new ID Token keeps \(claim)", .failure, "OpenID Connect Core §12.2") { evidence in
            guard let token = evidence.idToken else { return .notRun("no new ID Token") }
            let (old, new) = (evidence.before.idToken.claims[claim], token.claims[claim])
            return .require(old == new, "\(claim) changed from \(old?.text ?? "missing") to \(new?.text ?? "missing")")
        }
    }
}

enum RefreshModules {
    static let all = [refresh]

    static let refresh = Module("oidcc-refresh-token") { trial in
        let first = try await offline(trial, .first)
        let second = try await offline(trial, .second)
        guard let token = first.tokens.refreshToken, let foreign = second.tokens.refreshToken else {
            let promises = try await trial.metadata().lists("refresh_token", in: "grant_types_supported") == true
            if promises { trial.check(isIssued, first.tokens) }
            throw Skip(reason: "the provider issues no refresh token")
        }
        trial.check(isPromised, try await trial.metadata())
        // Tokens issued within the same second could be identical.
        try await Task.sleep(for: .seconds(1.1))
        let renewed = try await redeem(token, after: first, trial)
        if let next = renewed.refreshToken {
            try await Task.sleep(for: .seconds(1.1))
            _ = try await redeem(next, after: first, trial)
        }
        let registration = first.answer.request.registration
        let answer = try await trial.token(parameters(foreign), as: registration)
        trial.check(TokenErrorConditions.refusal(["invalid_grant"], "RFC 6749 §5.2"), answer)
        // Another client's attempt must not invalidate the owner's token.
        _ = try await redeem(foreign, after: second, trial)
    }

    /// Signs in and requests a refresh token, with `offline_access` if the provider supports it (OpenID Connect Core
    /// §11).
    static func offline(_ trial: Trial, _ role: Role) async throws -> SignedIn {
        let metadata = try await trial.metadata()
        let offersOffline = metadata.lists("offline_access", in: "scopes_supported") == true
        var request = try trial.request(role, scope: offersOffline ? "openid offline_access" : "openid")
        if offersOffline { request["prompt"] = "consent" }
        return try await trial.signIn(request, in: trial.browser())
    }

    static func parameters(_ token: String) -> [Parameter] {
        [Parameter("grant_type", "refresh_token"), Parameter("refresh_token", token)]
    }

    private static func redeem(_ token: String, after before: SignedIn, _ trial: Trial) async throws -> TokenAnswer {
        let request = before.answer.request
        let answer = try await trial.token(parameters(token), as: request.registration)
        let tokens = TokenAnswer(grantType: "refresh_token", scope: request["scope"] ?? "", answer: answer)
        try trial.require(TokenConditions.succeeds, tokens)
        trial.check(TokenConditions.shared.dropFirst() + [TokenConditions.isNotStored], tokens)
        let idToken = try tokens.idToken == nil ? nil : trial.idToken(tokens)
        trial.check(RefreshConditions.all, RefreshEvidence(before: before, tokens: tokens, idToken: idToken))
        if let idToken {
            let evidence = IDTokenEvidence(
                token: idToken, issuer: trial.target.issuer, registration: request.registration, request: request,
                accessToken: tokens.accessToken, code: nil, keys: try await trial.keys(), now: trial.now)
            let apart = [IDTokenConditions.hasNonce.name, IDTokenConditions.hasCodeHash.name]
            trial.check(IDTokenConditions.shared.filter { !apart.contains($0.name) }, evidence)
        }
        return tokens
    }

    static let isPromised = Condition<ProviderMetadata>(
        "grant_types_supported contains refresh_token if one is issued", .warning, "OpenID Connect Discovery §3"
    ) { metadata in
        .require(
            metadata.lists("refresh_token", in: "grant_types_supported") == true,
            "grant_types_supported is \(metadata["grant_types_supported"]?.text ?? "missing")")
    }

    private static let isIssued = Condition<TokenAnswer>(
        "a refresh token is issued if grant_types_supported contains refresh_token", .warning,
        "OpenID Connect Discovery §3"
    ) { tokens in
        .require(tokens.refreshToken != nil, "none was issued")
    }
}
