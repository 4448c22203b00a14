/// Concurrent requests of which only one may succeed.
enum RaceModules {
    static let all = [code, refresh, refreshReuse]

    private static let width = 16

    static let code = Module("martlet-code-race", ["RFC6749-022", "RFC6749-045"]) { trial in
        let (answer, _) = try await trial.authorize(trial.request(), in: trial.browser(), by: trial.person())
        let code = try trial.code(of: answer)
        let answers = try await together(trial) {
            try await trial.token(trial.redemption(code, answer.request), as: answer.request.registration)
        }
        trial.check(oneWins, answers)
        for answer in answers where answer.status != 200 {
            trial.check(TokenErrorConditions.refusal(["invalid_grant"], "RFC 6749 §5.2"), answer)
        }
    }

    static let refresh = Module("martlet-refresh-race", ["RFC6749-044", "RFC9700-025"]) { trial in
        let signedIn = try await RefreshModules.offline(trial, .first)
        guard let token = signedIn.tokens.refreshToken else {
            throw Skip(reason: "the provider issues no refresh token")
        }
        let registration = signedIn.answer.request.registration
        let answers = try await together(trial) {
            try await trial.token(RefreshModules.parameters(token), as: registration)
        }
        trial.check(someWin, answers)
        // Different tokens may represent the same successor. Then revoking one revokes them all.
        let successors = Array(Set(answers.compactMap { $0.json?["refresh_token"]?.string })).sorted()
        guard let one = successors.first, successors.count > 1 else { return }
        let endpoint = try await trial.metadata().endpoint("revocation_endpoint")
        _ = try await trial.post([Parameter("token", one)], to: endpoint, as: registration)
        for other in successors.dropFirst() {
            trial.check(endsWithItsTwin, try await trial.token(RefreshModules.parameters(other), as: registration))
        }
    }

    /// A retry within the grace period is fine. Later reuse means that the token was stolen.
    static let refreshReuse = Module("martlet-refresh-reuse", ["RFC9700-025", "RFC6749-044"]) { trial in
        let signedIn = try await RefreshModules.offline(trial, .first)
        guard let old = signedIn.tokens.refreshToken else { throw Skip(reason: "the provider issues no refresh token") }
        let registration = signedIn.answer.request.registration
        let renewed = try await trial.token(RefreshModules.parameters(old), as: registration)
        guard let new = renewed.json?["refresh_token"]?.string, new != old else {
            throw Skip(reason: "refresh tokens are not rotated")
        }
        try await trial.wait(32)
        let refusal = TokenErrorConditions.refusal(["invalid_grant"], "RFC 9700 §4.14.2")
        trial.check(refusal, try await trial.token(RefreshModules.parameters(old), as: registration))
        // The whole family is revoked, since the provider can't tell the thief from the owner.
        trial.check(refusal, try await trial.token(RefreshModules.parameters(new), as: registration))
    }

    static func together(
        _ trial: Trial, _ ask: @escaping @Sendable () async throws -> WebAnswer
    ) async throws -> [WebAnswer] {
        try await withThrowingTaskGroup(of: WebAnswer.self) { group in
            for _ in 0..<width { group.addTask { try await ask() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    static let oneWins = Condition<[WebAnswer]>(
        "exactly one of several concurrent redemptions of a code succeeds", .failure, "RFC 6749 §4.1.2"
    ) { answers in
        let winners = answers.count { $0.status == 200 }
        return .require(winners == 1, "\(winners) of \(answers.count) succeeded")
    }

    static let someWin = Condition<[WebAnswer]>(
        "at least one of several concurrent refreshes succeeds", .failure, "RFC 6749 §6"
    ) { answers in
        .require(answers.contains { $0.status == 200 }, "all were rejected")
    }

    static let endsWithItsTwin = Condition<WebAnswer>(
        "concurrent refreshes yield a single successor", .failure, "RFC 9700 §4.14.2"
    ) { answer in
        .require(answer.status == 400, "a second successor stayed valid after the first was revoked: \(answer.status)")
    }
}
