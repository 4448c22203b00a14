/// The client `public` of the target, with a DPoP key.
struct PublicClient: Sendable {
    let trial: Trial
    let registration: Registration
    let key = SigningKey.newP256()

    init(_ trial: Trial) throws {
        self.trial = trial
        registration = try trial.registration(.publicClient)
    }

    /// Signs in and redeems the code with a proof.
    func tokens() async throws -> WebAnswer {
        let offersOffline = try await trial.metadata().lists("offline_access", in: "scopes_supported") == true
        var request = try trial.request(.publicClient, scope: offersOffline ? "openid offline_access" : "openid")
        let proofKey = ProofKey()
        request["code_challenge"] = proofKey.challenge
        request["code_challenge_method"] = "S256"
        if offersOffline { request["prompt"] = "consent" }
        let (answer, _) = try await trial.authorize(request, in: trial.browser(), by: trial.person())
        let form = trial.redemption(try trial.code(of: answer), request, verifier: proofKey.verifier)
        let tokens = try await send(form, by: key)
        try trial.require(TokenAnswerConditions.succeeds, tokens)
        return tokens
    }

    /// Throws `Skip` if the provider issues no refresh token.
    func refreshToken() async throws -> String {
        guard let token = try await tokens().json?["refresh_token"]?.string else {
            throw Skip(reason: "the provider issues no refresh token to public clients")
        }
        return token
    }

    func refresh(_ token: String, by key: SigningKey?) async throws -> WebAnswer {
        try await send(RefreshModules.parameters(token), by: key)
    }

    /// Sends a token request. Follows one nonce challenge.
    private func send(_ form: [Parameter], by key: SigningKey?) async throws -> WebAnswer {
        let endpoint = try await trial.metadata().endpoint("token_endpoint")
        func sent(_ nonce: String?) async throws -> WebAnswer {
            var headers: [Parameter] = []
            if let key {
                let proof = DPoPProof("POST", endpoint, by: key, nonce: nonce)
                headers = [Parameter("DPoP", try proof.signed())]
            }
            let form = form + [Parameter("client_id", registration.clientID)]
            return try await trial.send(.form(form, to: endpoint, headers: headers))
        }
        let answer = try await sent(nil)
        return DPoPNonces.isChallenge(answer) ? try await sent(answer.header("DPoP-Nonce")) : answer
    }
}
