/// Pushed authorization requests (RFC 9126; FAPI 2.0 Security Profile §5.3.2.2).
enum FAPIPushedModules {
    static let all = [
        reload, reuse, expired, otherClient, requestURI, method, challengeRequired, plainChallenge,
    ]

    /// A `request_uri` is used up when the authorization completes, not when a page is loaded.
    static let reload = Module.fapi("par-ensure-reused-request-uri-prior-to-auth-completion-succeeds") {
        trial, client in
        let request = try client.request()
        let address = try await client.requestURI(for: request)
        let browser = trial.browser()
        _ = try await client.visit(address, in: browser, by: nil)
        let arrival = try await client.visit(address, in: browser, by: trial.person())
        trial.check(ArrivalConditions.reachesClient.at(.warning), arrival)
        guard arrival.landing != nil else { return }
        let answer = try await client.answer(to: request, arrival)
        trial.check(AuthorizationConditions.succeeds.at(.warning), answer)
    }

    static let reuse = Module.fapi("par-attempt-reuse-request_uri") { trial, client in
        let request = try client.request()
        let address = try await client.requestURI(for: request)
        let browser = trial.browser()
        let first = try await client.answer(
            to: request, client.visit(address, in: browser, by: trial.person()))
        _ = try await client.redeem(first)
        let arrival = try await client.visit(address, in: browser, by: trial.person())
        trial.check(isNotReused, arrival)
        guard arrival.landing != nil, !gotCode(arrival) else { return }
        try await client.isRefused(request, arrival, ["invalid_request_uri"], "RFC 9126 §4")
    }

    static let isNotReused = Condition<Arrival>(
        "a used request_uri is refused", .warning, "RFC 9126 §4", "RFC 9126 §7.3"
    ) { arrival in
        .require(!gotCode(arrival), "it worked a second time")
    }

    /// Whether the client got a code, in a plain response or in a JWT.
    static func gotCode(_ arrival: Arrival) -> Bool {
        guard let landing = arrival.landing else { return false }
        let token = landing.query["response"].flatMap { try? JWS($0) }
        return landing.query["code"] != nil || token?.claims["code"] != nil
    }

    static let expired = Module.fapi("par-attempt-to-use-expired-request_uri") { trial, client in
        let request = try client.request()
        let pushed = try await client.send(client.push(request))
        try trial.require(PushedConditions.succeeds, pushed)
        try trial.require(PushedConditions.hasLifetime, pushed)
        let lifetime = pushed.json?["expires_in"]?.number ?? 0
        guard lifetime <= 1_800 else { throw Skip(reason: "request_uri is valid for \(Int(lifetime)) s") }
        try await Task.sleep(for: .seconds(lifetime + 1))
        let arrival = try await client.visit(pushed.json?["request_uri"]?.string ?? "", by: trial.person())
        try await client.isRefused(request, arrival, ["invalid_request_uri"], "RFC 9126 §4")
    }

    static let otherClient = Module.fapi("par-attempt-to-use-request_uri-for-different-client") { trial, client in
        let request = try client.request()
        let address = try await client.requestURI(for: request)
        let thief = try FAPIClient(trial, .second)
        let arrival = try await thief.visit(address, by: trial.person())
        var theirs = try thief.request()
        theirs["state"] = nil
        try await thief.isRefused(
            theirs, arrival, ["invalid_request", "invalid_request_object", "invalid_request_uri"], "RFC 9126 §2.2")
    }

    static let requestURI = Module.fapi("par-authorization-request-containing-request_uri-form-param") {
        trial, client in
        var pushed = client.push(try client.request())
        pushed.outside = [Parameter("request_uri", "urn:ietf:params:oauth:request_uri:\(String.random())")]
        let codes = ["invalid_request", "invalid_request_object", "request_uri_not_supported"]
        trial.check(TokenErrorConditions.refusal(codes, "RFC 9126 §2.1"), try await client.send(pushed))
    }

    static let method = Module.fapi("par-attempt-invalid-http-method") { trial, client in
        var pushed = client.push(try client.request())
        pushed.direct.method = "PUT"
        trial.check(refusesMethod, try await client.send(pushed))
    }

    static let refusesMethod = Condition<WebAnswer>(
        "another method than POST is refused", .failure, "RFC 9126 §2.3"
    ) { answer in
        .require(answer.status >= 400, "the response is \(answer.status)")
    }

    static let challengeRequired = Module.fapi("par-ensure-pkce-required") { _, client in
        var request = try client.request()
        request["code_challenge"] = nil
        request["code_challenge_method"] = nil
        try await client.isRefused(client.push(request), ["invalid_request"], "RFC 7636 §4.4.1")
    }

    static let plainChallenge = Module.fapi("par-plain-pkce-rejected") { _, client in
        var request = try client.request()
        request["code_challenge"] = request.proofKey?.verifier
        request["code_challenge_method"] = "plain"
        try await client.isRefused(
            client.push(request), ["invalid_request"], "FAPI 2.0 Security Profile §5.3.2.2")
    }
}
