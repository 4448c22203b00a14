/// A code can be redeemed only once (RFC 6749 §4.1.2).
enum CodeModules {
    static let all = [reuse, reuseAfterThirtySeconds]

    static let reuse = Module("oidcc-codereuse") { trial in
        let signedIn = try await trial.signIn()
        let answer = try await redeemAgain(trial, signedIn)
        // The suite only warns if a second, immediate redemption succeeds. A rejection must be correct.
        trial.check(isRefused.at(.warning), answer)
        guard answer.status != 200 else { return }
        trial.check(TokenErrorConditions.refusal(["invalid_grant"], "RFC 6749 §5.2"), answer)
    }

    static let reuseAfterThirtySeconds = Module("oidcc-codereuse-30seconds") { trial in
        let signedIn = try await trial.signIn()
        try await trial.wait(30)
        let answer = try await redeemAgain(trial, signedIn)
        trial.check(isRefused, answer)
        trial.check(TokenErrorConditions.refusal(["invalid_grant"], "RFC 6749 §5.2"), answer)
        let endpoint = try await trial.metadata().endpoint("userinfo_endpoint")
        let headers = [Trial.bearer(signedIn.accessToken)]
        trial.check(tokenIsRevoked, try await trial.send(WebRequest("GET", endpoint, headers: headers)))
    }

    private static func redeemAgain(_ trial: Trial, _ signedIn: SignedIn) async throws -> WebAnswer {
        let request = signedIn.answer.request
        return try await trial.token(trial.redemption(signedIn.code, request), as: request.registration)
    }

    static let isRefused = Condition<WebAnswer>(
        "a used code is rejected", .failure, "RFC 6749 §4.1.2", "OpenID Connect Core §3.1.3.2"
    ) { answer in
        .require(answer.status != 200, "the second redemption returned tokens")
    }

    static let tokenIsRevoked = Condition<WebAnswer>(
        "reuse of a code revokes the access token issued for it", .warning, "RFC 6749 §4.1.2"
    ) { answer in
        .require((400..<500).contains(answer.status), "the userinfo endpoint responds with \(answer.status)")
    }
}
