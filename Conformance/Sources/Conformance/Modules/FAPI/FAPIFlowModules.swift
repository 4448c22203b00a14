extension Module {
    /// A module of the FAPI 2.0 plans. `name` is its official name without the prefix that all of them have.
    static func fapi(
        _ name: String, script: @escaping @Sendable (Trial, FAPIClient) async throws -> Void
    ) -> Module {
        Module("fapi2-security-profile-final-\(name)") { trial in try await script(trial, FAPIClient(trial)) }
    }
}

/// The FAPI 2.0 flow and allowed variations of it.
enum FAPIFlowModules {
    static let all = [
        happyFlow, rejection, withoutState, withoutNonce, nonce64, scopeOrder, identityClaims, schemeCase, longNonce,
        longState, withoutDuplicates,
    ]

    static let happyFlow = Module.fapi("happy-flow") { trial, first in
        let grant = try await flow(first)
        let second = try FAPIClient(trial, .second)
        guard let other = second.registration.redirectURIs.first(where: { $0.contains("?") }) else {
            throw NotConfigured(what: "the second client in \"fapi\" needs a redirect URI with a query")
        }
        var request = try second.request()
        request["redirect_uri"] = other
        request["state"] = .random() + .random() + .random()
        let theirs = try await second.signIn(request) { $0.objectHeader["typ"] = "JWT" }
        try await second.useResource(theirs)
        // The first client's key and certificate with the second client's token.
        trial.check(ResourceConditions.refusesOtherKey, try await first.send(first.call(theirs.accessToken)))
        try await first.useResource(grant)
        try await FAPITransport.probe(first)
    }

    private static func flow(_ client: FAPIClient) async throws -> FAPIGrant {
        let grant = try await client.signIn()
        client.trial.check(FAPIConditions.hasOnlyCodeStateAndIssuer, grant.answer)
        try await client.useResource(grant)
        let call = try await client.call(grant.accessToken)
        var request = WebRequest("GET", call.address.adding([Parameter("access_token", grant.accessToken)]))
        request.certificate = call.certificate
        if let key = call.proofKey {
            let proof = DPoPProof("GET", call.address, by: key, token: grant.accessToken)
            request.headers = [Parameter("DPoP", try proof.signed())]
        }
        client.trial.check(ResourceConditions.refusesQuery, try await client.trial.send(request))
        return grant
    }

    static let rejection = Module.fapi("user-rejects-authentication") { trial, first in
        for client in [first, try FAPIClient(trial, .second)] {
            var request = try client.request()
            request["prompt"] = "consent"
            let answer = try await client.authorize(request, by: trial.person(agrees: false))
            trial.check(AuthorizationConditions.failure, answer)
            trial.check(
                AuthorizationConditions.isError(["access_denied"], "OpenID Connect Core §3.1.2.6"), answer)
        }
    }

    static let withoutState = Module.fapi("ensure-authorization-request-without-state-success") { trial, client in
        var request = try client.request()
        request["state"] = nil
        let grant = try await client.signIn(request)
        trial.check(FAPIConditions.hasNoState, grant.answer)
        if let token = grant.idToken { trial.check(FAPIConditions.hasNoStateHash, token) }
    }

    static let withoutNonce = Module.fapi("ensure-authorization-request-without-nonce-success") { _, client in
        var request = try client.request()
        request["nonce"] = nil
        _ = try await client.signIn(request)
    }

    static let nonce64 = Module.fapi("ensure-authorization-request-with-64-char-nonce-success") { _, client in
        var request = try client.request()
        request["nonce"] = String((String.random() + .random()).prefix(64))
        _ = try await client.signIn(request)
    }

    static let scopeOrder = Module.fapi("ensure-other-scope-order-succeeds") { _, client in
        var request = try client.request(scope: "profile")
        request["scope"] = (request["scope"] ?? "").split(separator: " ").reversed().joined(separator: " ")
        _ = try await client.signIn(request)
    }

    static let identityClaims = Module.fapi("test-claims-parameter-identity-claims") { trial, client in
        let metadata = try await trial.metadata()
        guard metadata["claims_parameter_supported"]?.bool == true else {
            throw Skip(reason: "claims_parameter_supported is not true")
        }
        let names = (metadata["claims_supported"]?.strings ?? []).filter(ClaimTypes.personal.contains)
        // A claim that no provider knows must not disturb it.
        let asked = Dictionary(uniqueKeysWithValues: (names + ["\(String.random())"]).map { ($0, JSON.null) })
        var request = try client.request()
        request["claims"] = JSON.object(["id_token": .object(asked), "userinfo": .object(asked)]).text
        let grant = try await client.signIn(request)
        guard let token = grant.idToken else { throw Stop() }
        let answer = try await client.send(client.call(grant.accessToken))
        let evidence = UserInfoEvidence(answer: answer, idToken: token)
        trial.check(UserInfoConditions.shared, evidence)
        trial.check(returns(names), evidence)
    }

    private static func returns(_ names: [String]) -> Condition<UserInfoEvidence> {
        Condition("every requested claim is returned somewhere", .warning, "OpenID Connect Core §5.5") { evidence in
            let missing = names.filter { evidence.claims[$0] == nil && evidence.idToken.claims[$0] == nil }
            return .require(missing.isEmpty, "missing: \(missing.sorted())")
        }
    }

    /// The name of an authentication scheme is not case-sensitive (RFC 9110 §11.1).
    static let schemeCase = Module.fapi("access-token-type-header-case-sensitivity") { _, client in
        let grant = try await client.signIn()
        try await client.useResource(grant) { call in
            call.scheme = String(
                call.scheme.map { $0.isUppercase ? Character($0.lowercased()) : Character($0.uppercased()) })
        }
    }

    static let longNonce = Module.fapi("ensure-authorization-request-with-long-nonce") { trial, client in
        var request = try client.request()
        request["nonce"] = String(repeating: "nonce-0123456789", count: 24)
        try await isKeptOrRefused(request, client)
    }

    static let longState = Module.fapi("ensure-authorization-request-with-long-state") { trial, client in
        var request = try client.request()
        request["state"] = String(repeating: "state-01234567890123", count: 50)
        try await isKeptOrRefused(request, client)
    }

    /// A long value comes back unchanged, or the request is refused.
    private static func isKeptOrRefused(_ request: AuthorizationRequest, _ client: FAPIClient) async throws {
        let answer = try await client.send(client.push(request))
        client.trial.check(PushedConditions.succeeds.at(.warning), answer)
        guard answer.status == 201, let address = answer.json?["request_uri"]?.string else {
            let refusal = TokenErrorConditions.refusal(["invalid_request", "invalid_request_object"], "RFC 9126 §2.3")
            return client.trial.check(refusal, answer)
        }
        let arrival = try await client.visit(address, by: client.trial.person())
        _ = try await client.redeem(client.answer(to: request, arrival))
    }

    /// The authorization endpoint needs nothing but `client_id` and `request_uri`.
    static let withoutDuplicates = Module.fapi("par-without-duplicate-parameters") { _, client in
        _ = try await client.signIn()
    }
}
