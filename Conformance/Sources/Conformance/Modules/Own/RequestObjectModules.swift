/// Request objects beyond the FAPI 2.0 plans (RFC 9101).
enum RequestObjectModules {
    static let all = [
        outside, otherClientID, bothKinds, asAssertion, fromAssertion, byValue, byValueUnsigned, registeredUnsigned,
        otherAlgorithm,
        notFetched, truth,
    ]

    private static let codes = ["invalid_request_object"]

    /// Parameters beside a signed object are not part of the request (RFC 9101 §6.3).
    static let outside = Module("martlet-jar-ignores-parameters-outside", ["RFC9101-005", "FAPI2-MS-005"]) { trial in
        let client = try signing(trial)
        var request = try client.request()
        request["state"] = nil
        var pushed = client.push(request)
        pushed.outside = [
            Parameter("state", .random()), Parameter("scope", "openid email"),
            Parameter("redirect_uri", "https://elsewhere.example/callback"),
        ]
        let answer = try await client.send(pushed)
        // Refusing them is strict, and as safe.
        guard answer.status == 201, let address = answer.json?["request_uri"]?.string else {
            return trial.check(
                TokenErrorConditions.refusal(codes + ["invalid_request"], "RFC 9126 §3"), answer)
        }
        let grant = try await client.redeem(
            client.answer(to: request, client.visit(address, by: trial.person())))
        trial.check(grantsNothingFromOutside, grant.tokens)
    }

    static let otherClientID = Module("martlet-jar-client-id-mismatch", ["RFC9101-004", "RFC9101-010"]) { trial in
        let client = try signing(trial)
        for name in ["client_id", "iss"] {
            var pushed = client.push(try client.request())
            pushed.changesObject = { $0[name] = "somebody-else" }
            try await client.isRefused(pushed, codes + ["invalid_request"], "RFC 9101 §5")
        }
    }

    static let bothKinds = Module("martlet-jar-request-and-request-uri", ["RFC9101-004", "RFC9101-001"]) { trial in
        let client = try signing(trial)
        let request = try client.request()
        let pushed = client.push(request)
        let address = try await client.requestURI(for: pushed)
        let arrival = try await client.visit(
            address, adding: [Parameter("request", client.object(pushed))], by: trial.person())
        trial.check(PushedModules.givesNoCode, arrival)
        var nested = client.push(try client.request())
        nested.changesObject = { $0["request"] = "e30.e30." }
        try await client.isRefused(nested, codes, "RFC 9101 §4")
    }

    /// A JWT for one purpose must not work for another (RFC 9101 §10.8).
    static let asAssertion = Module("martlet-jar-object-as-client-assertion", ["RFC9101-015"]) { trial in
        let client = try signing(trial)
        var pushed = client.push(try client.request())
        let identifier = client.registration.clientID
        pushed.changesObject = { $0["sub"] = .string(identifier) }
        var form = pushed.parameters
        form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        form["client_assertion"] = try client.object(pushed)
        var direct = client.direct(form, isProven: false)
        direct.isAuthenticated = false
        trial.check(
            TokenErrorConditions.refusal(["invalid_client"], "RFC 9101 §10.8"),
            try await client.send(direct, to: "pushed_authorization_request_endpoint"))
    }

    static let fromAssertion = Module("martlet-jar-client-assertion-as-object", ["RFC9101-015"]) { trial in
        let client = try signing(trial)
        let claims = ClientAuthentication.claims(client.registration, trial.target.issuer)
        let header = client.registration.privateKey?["kid"].map { ["kid": $0] } ?? [:]
        let assertion = try client.signingKey.sign(claims, header: header)
        var direct = client.direct([], isProven: false)
        direct.form = [
            Parameter("client_id", client.registration.clientID), Parameter("request", assertion),
        ]
        trial.check(
            TokenErrorConditions.refusal(codes + ["invalid_request"], "RFC 9101 §10.8"),
            try await client.send(direct, to: "pushed_authorization_request_endpoint"))
    }

    /// OpenID Connect Core §6.1: a client of the basic profile sends a signed object in the browser.
    static let byValue = Module("martlet-jar-by-value", ["RFC9101-009", "RFC9101-012", "RFC9101-004"]) { trial in
        let signer = try SigningClient(trial)
        for type in ["oauth-authz-req+jwt", "JWT"] {
            let (request, object) = try signer.object(header: ["typ": .string(type)])
            let arrival = try await signer.visit(object)
            let answer = try await trial.answer(to: request, arrival)
            _ = try await trial.redeem(answer, verifier: request.proofKey?.verifier)
        }
        let (request, object) = try signer.object(by: .newP256())
        try await signer.isRefused(request, object)
        let (other, late) = try signer.object { $0["exp"] = 1_000_000_000 }
        try await signer.isRefused(other, late)
    }

    /// Nobody vouches for an unsigned object, so a client that registered an algorithm must not send one.
    static let byValueUnsigned = Module("martlet-jar-by-value-unsigned", ["RFC9101-014", "RFC9101-009"]) { trial in
        let signer = try SigningClient(trial)
        let (request, object) = try signer.object(by: SigningKey.none)
        try await signer.isRefused(request, object)
    }

    /// OpenID Connect Core §6.1: a client that registers `none` sends unsigned objects, and only such.
    static let registeredUnsigned = Module("martlet-jar-registered-unsigned", ["RFC9101-009", "RFC9101-005"]) { trial in
        let signer = try SigningClient(trial, .unsigned)
        let (request, object) = try signer.object()
        let answer = try await trial.answer(to: request, signer.visit(object))
        _ = try await trial.redeem(answer, verifier: request.proofKey?.verifier)
        let (second, signed) = try signer.object(by: .newP256())
        try await signer.isRefused(second, signed)
    }

    static let otherAlgorithm = Module("martlet-jar-other-algorithm", ["RFC9101-009"]) { trial in
        let signer = try SigningClient(trial)
        let (request, object) = try signer.object(by: .newRSA())
        try await signer.isRefused(request, object)
        let (second, shared) = try signer.object(by: .secret("a secret that the provider cannot know"))
        try await signer.isRefused(second, shared)
    }

    /// A provider that fetches what a browser names can be turned against its own network (RFC 9101 §10.4).
    static let notFetched = Module("martlet-jar-unregistered-uri-is-not-fetched", ["RFC9101-007"]) { trial in
        guard WebAddress(trial.target.issuer).isLoopback else {
            throw Skip(reason: "a provider elsewhere cannot reach the tester's loopback address")
        }
        let trap = try LoopbackTrap()
        defer { trap.close() }
        for scheme in ["http", "https"] {
            var request = try trial.request(.first)
            request["request_uri"] = "\(scheme)://127.0.0.1:\(trap.port)/object.jwt"
            let arrival = try await trial.visit(request, in: trial.browser(), by: trial.person())
            trial.check(PushedModules.givesNoCode, arrival)
        }
        trial.check(isNotFetched, trap.connections)
    }

    static let truth = Module("martlet-jar-metadata-is-true", ["RFC9101-011", "RFC9101-014"]) { trial in
        let metadata = try await trial.metadata()
        trial.check(agreesWithItself, MetadataEvidence(metadata: metadata, issuer: trial.target.issuer))
    }

    // Parts

    static func signing(_ trial: Trial) throws -> FAPIClient {
        var variant = FAPIVariant()
        variant.requestMethod = .signed
        return try FAPIClient(trial, variant: variant)
    }

    static let grantsNothingFromOutside = Condition<TokenAnswer>(
        "the scope outside the object is ignored", .failure, "RFC 9101 §6.3"
    ) { tokens in
        let scope = tokens["scope"]?.string ?? tokens.scope
        return .require(!scope.split(separator: " ").contains("email"), "scope is \(scope)")
    }

    static let isNotFetched = Condition<Int>(
        "an unregistered request_uri is not fetched", .failure, "RFC 9101 §10.4", "OpenID Connect Core §6.2"
    ) { connections in
        .require(connections == 0, "\(connections) connections arrived")
    }

    static let agreesWithItself = Condition<MetadataEvidence>(
        "request_parameter_supported is true exactly if algorithms for request objects are listed, without none for all",
        .failure, "RFC 9101 §10.5", "OpenID Connect Discovery §3"
    ) { evidence in
        let algorithms = evidence.list("request_object_signing_alg_values_supported") ?? []
        let isSupported = evidence["request_parameter_supported"]?.bool == true
        return .require(
            isSupported == !algorithms.isEmpty && algorithms != ["none"],
            "request_parameter_supported is \(isSupported), algorithms are \(algorithms)")
    }
}
