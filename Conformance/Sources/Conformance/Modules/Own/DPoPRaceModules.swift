/// Replays of DPoP proofs (RFC 9449 §11.1).
enum DPoPRaceModules {
    static let all = [race, tokenRace, replayElsewhere]

    private static let width = 16

    static let race = Module("martlet-dpop-proof-race", ["RFC9449-004", "RFC9449-019"]) { trial in
        let client = try FAPIClient(trial)
        let grant = try await client.signIn()
        try await client.useResource(grant)
        guard let call = try await proven(client, grant.accessToken) else { throw Stop() }
        let answers = try await together { try await client.send(call) }
        trial.check(oneWins, answers.map { [200, 201].contains($0.status) })
    }

    /// Of several token requests with one proof, at most one is served.
    static let tokenRace = Module("martlet-dpop-token-proof-race", ["RFC9449-004"]) { trial in
        let client = try FAPIClient(trial)
        let grant = try await FAPIRefreshModules.offline(client)
        guard let token = grant.tokens.refreshToken else { throw Skip(reason: "the provider issues no refresh token") }
        let identifier = JSON.string(.random())
        let answers = try await together {
            var direct = client.direct(RefreshModules.parameters(token))
            direct.changesProof = { $0.claims["jti"] = identifier }
            return try await client.send(direct, to: "token_endpoint")
        }
        trial.check(oneWins, answers.map { $0.status == 200 })
        for answer in answers where answer.status != 200 {
            trial.check(TokenErrorConditions.refusal(["invalid_dpop_proof"], "RFC 9449 §5"), answer)
        }
    }

    /// A proof that was seen at one endpoint is worth nothing at another.
    static let replayElsewhere = Module("martlet-dpop-proof-for-another-url", ["RFC9449-004", "RFC9449-005"]) { trial in
        let client = try FAPIClient(trial)
        let grant = try await client.signIn()
        let token = try await client.endpoint("token_endpoint").text
        var call = try await client.call(grant.accessToken)
        call.changesProof = { $0.claims["htu"] = .string(token) }
        trial.check(ResourceConditions.refuses("a proof for the token endpoint"), try await client.send(call))
        let answer = try await client.authorize(client.request())
        let resource = try await client.resource().text
        var direct = try client.redemption(answer)
        direct.changesProof = { $0.claims["htu"] = .string(resource) }
        try await client.isRefused(direct, ["invalid_dpop_proof"], "RFC 9449 §4.3")
        _ = try await client.redeem(answer)
    }

    /// Returns a call with one signed proof, which uses the current nonce.
    private static func proven(_ client: FAPIClient, _ token: String) async throws -> ResourceCall? {
        var call = try await client.call(token)
        guard let key = call.proofKey else { return nil }
        let proof = DPoPProof("GET", call.address, by: key, token: token, nonce: client.nonce(for: call.address))
        call.proofs = [try proof.signed()]
        return call
    }

    private static func together(
        _ ask: @escaping @Sendable () async throws -> WebAnswer
    ) async throws -> [WebAnswer] {
        try await withThrowingTaskGroup(of: WebAnswer.self) { group in
            for _ in 0..<width { group.addTask { try await ask() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    static let oneWins = Condition<[Bool]>(
        "exactly one of several concurrent requests with the same proof succeeds", .failure, "RFC 9449 §11.1"
    ) { answers in
        let winners = answers.count { $0 }
        return .require(winners == 1, "\(winners) of \(answers.count) succeeded")
    }
}
