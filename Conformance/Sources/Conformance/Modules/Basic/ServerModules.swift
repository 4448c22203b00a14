/// The code flow and simple variations of it (OpenID Connect Core §3.1).
enum ServerModules {
    static let all = [
        server, serverClientSecretPost, withoutNonce, alternateOrder, unknownParameter, validPKCE, postRequest,
    ]

    static let server = Module("oidcc-server") { trial in
        try await trial.userInfo(try await trial.signIn())
    }

    static let serverClientSecretPost = Module("oidcc-server-client-secret-post") { trial in
        try await trial.userInfo(try await trial.signIn(as: .post))
    }

    static let withoutNonce = Module("oidcc-ensure-request-without-nonce-succeeds-for-code-flow") { trial in
        var request = try trial.request()
        request["nonce"] = nil
        _ = try await trial.signIn(request, in: trial.browser())
    }

    /// The order of scope values and of parameters is not significant (RFC 6749 §3.3).
    static let alternateOrder = Module("oidcc-alternate-happy-flow") { trial in
        var request = try trial.request(scope: "profile openid")
        request.parameters.reverse()
        try await trial.userInfo(try await trial.signIn(request, in: trial.browser()))
    }

    static let unknownParameter = Module("oidcc-ensure-request-with-unknown-parameter-succeeds") { trial in
        var request = try trial.request()
        request["extra"] = "foobar"
        _ = try await trial.signIn(request, in: trial.browser())
    }

    static let validPKCE = Module("oidcc-ensure-request-with-valid-pkce-succeeds") { trial in
        let proof = ProofKey()
        var request = try trial.request()
        request["code_challenge"] = proof.challenge
        request["code_challenge_method"] = "S256"
        _ = try await trial.signIn(request, in: trial.browser(), verifier: proof.verifier)
    }

    /// Posts the request from another site: the browser withholds the `SameSite=Lax` cookies of an earlier sign-in.
    static let postRequest = Module("oidcc-ensure-post-request-succeeds") { trial in
        let browser = trial.browser()
        _ = try await trial.signIn(trial.request(), in: browser)
        var request = try trial.request()
        request.isPosted = true
        let arrival = try await trial.visit(request, in: browser, by: trial.person())
        let reaches = ArrivalConditions.reachesClient.at(.warning)
        trial.check(reaches, arrival)
        guard arrival.landing != nil else { return }
        _ = try await trial.redeem(try await trial.answer(to: request, arrival))
    }
}
