/// Pushed authorization requests beyond the FAPI 2.0 plans (RFC 9126).
enum PushedModules {
    static let all = [byGet, anonymous, invalid, race, otherClient, unknown, otherParameters, truth]

    static let byGet = Module("martlet-par-by-get", ["RFC9126-007"]) { trial in
        let client = try FAPIClient(trial)
        let endpoint = try await client.endpoint("pushed_authorization_request_endpoint")
        let request = try client.request()
        trial.check(
            isNotAllowed, try await trial.send(WebRequest("GET", endpoint.adding(request.parameters))))
    }

    static let anonymous = Module("martlet-par-without-authentication", ["RFC9126-001", "FAPI2-SP-021"]) { trial in
        let client = try FAPIClient(trial)
        var pushed = client.push(try client.request())
        pushed.direct.isAuthenticated = false
        trial.check(
            TokenErrorConditions.refusal(["invalid_client"], "RFC 9126 §2"), try await client.send(pushed))
    }

    /// A pushed request is checked like one at the authorization endpoint, and errors come at once.
    static let invalid = Module("martlet-par-validates", ["RFC9126-004", "RFC9126-007", "FAPI2-SP-025"]) { trial in
        let client = try FAPIClient(trial)
        let changes: [(name: String, value: String?, codes: [String])] = [
            ("response_type", nil, ["invalid_request"]),
            ("redirect_uri", "https://elsewhere.example/callback", ["invalid_request"]),
            ("prompt", "none login", ["invalid_request"]), ("max_age", "soon", ["invalid_request"]),
            ("code_challenge", "short", ["invalid_request"]),
        ]
        for change in changes {
            var request = try client.request()
            request[change.name] = change.value
            trial.check(
                TokenErrorConditions.refusal(change.codes, "RFC 9126 §2.3"),
                try await client.send(client.push(request)))
        }
        var twice = client.push(try client.request())
        twice.outside = [Parameter("scope", "openid email")]
        trial.check(
            TokenErrorConditions.refusal(["invalid_request"], "RFC 6749 §3.1"), try await client.send(twice))
    }

    /// Many tabs of a signed-in browser use one `request_uri`. Only one gets a code.
    static let race = Module("martlet-par-race", ["RFC9126-011", "FAPI2-SP-032"]) { trial in
        let client = try FAPIClient(trial)
        let browser = trial.browser()
        _ = try await client.authorize(client.request(), in: browser)
        let address = try await client.requestURI(for: client.request())
        let arrivals = try await withThrowingTaskGroup(of: Arrival.self) { group in
            for _ in 0..<16 {
                group.addTask { try await client.visit(address, in: browser, by: nil) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        trial.check(oneWins, arrivals)
    }

    static let otherClient = Module("martlet-par-bound-to-client", ["RFC9126-006", "RFC9101-013"]) { trial in
        let client = try FAPIClient(trial)
        let request = try client.request()
        let address = try await client.requestURI(for: request)
        let thief = try FAPIClient(trial, .second)
        let arrival = try await thief.visit(address, by: trial.person())
        trial.check(ArrivalConditions.asksNobody, arrival)
        trial.check(givesNoCode, arrival)
        // A thief's attempt must not invalidate the owner's request.
        _ = try await client.redeem(client.answer(to: request, client.visit(address, by: trial.person())))
    }

    static let unknown = Module("martlet-par-unknown-request-uri", ["RFC9126-010", "RFC9101-006"]) { trial in
        let client = try FAPIClient(trial)
        let prefix = "urn:ietf:params:oauth:request_uri:"
        for address in [prefix + .random(), prefix, "urn:example:\(String.random())", "x"] {
            let arrival = try await client.visit(address, by: trial.person())
            trial.check([ArrivalConditions.staysAtProvider, ArrivalConditions.asksNobody], arrival)
        }
    }

    /// A pushed request counts as it was pushed. What the browser adds is ignored, whatever its name.
    static let otherParameters = Module("martlet-par-ignores-the-query", ["RFC9101-005", "FAPI2-MS-005"]) { trial in
        let client = try FAPIClient(trial)
        let request = try client.request()
        let address = try await client.requestURI(for: request)
        let extra = [
            Parameter("redirect_uri", "https://elsewhere.example/callback"), Parameter("scope", "openid email"),
            Parameter("response_mode", "fragment"), Parameter("prompt", "none"),
        ]
        let arrival = try await client.visit(address, adding: extra, by: trial.person())
        let grant = try await client.redeem(client.answer(to: request, arrival))
        trial.check(hasScope(request["scope"] ?? ""), grant.tokens)
    }

    static let truth = Module("martlet-par-metadata-is-true", ["RFC9126-012", "RFC9126-013"]) { trial in
        let metadata = try await trial.metadata()
        trial.check(
            FAPIMetadataConditions.hasPushedEndpoint, MetadataEvidence(metadata: metadata, issuer: trial.target.issuer))
        guard metadata["require_pushed_authorization_requests"]?.bool == true else { return }
        let request = try trial.request()
        let arrival = try await trial.visit(request, in: trial.browser(), by: trial.person())
        trial.check(givesNoCode, arrival)
    }

    // Conditions

    static let isNotAllowed = Condition<WebAnswer>("GET is answered with 405", .failure, "RFC 9126 §2.3") { answer in
        .require(answer.status == 405, "the response is \(answer.status)")
    }

    static let oneWins = Condition<[Arrival]>(
        "exactly one of several concurrent uses of a request_uri gets a code", .failure, "RFC 9126 §4"
    ) { arrivals in
        let winners = arrivals.count(where: FAPIPushedModules.gotCode)
        return .require(winners == 1, "\(winners) of \(arrivals.count) got one")
    }

    static let givesNoCode = Condition<Arrival>("no code is issued", .failure, "RFC 9126 §2.2") { arrival in
        .require(!FAPIPushedModules.gotCode(arrival), "the client got a code")
    }

    private static func hasScope(_ scope: String) -> Condition<TokenAnswer> {
        Condition("the pushed scope is granted, not the one in the query", .failure, "RFC 9101 §6.3") { tokens in
            .require(
                tokens["scope"]?.string ?? scope == scope, "scope is \(tokens["scope"]?.string ?? "missing")")
        }
    }
}
