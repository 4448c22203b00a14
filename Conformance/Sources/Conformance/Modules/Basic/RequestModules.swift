/// Invalid requests and requests for optional features (OpenID Connect Core §3.1.2.2, §6).
enum RequestModules {
    static let all = [
        responseTypeMissing, registeredRedirectURI, unsignedObject, objectWithRedirectURI, contextClasses,
        essentialClaim,
    ]

    static let responseTypeMissing = Module("oidcc-response-type-missing") { trial in
        var request = try trial.request()
        request["response_type"] = nil
        let arrival = try await trial.visit(request, in: trial.browser(), by: nil)
        guard arrival.landing != nil else { return trial.check([ArrivalConditions.asksNobody, isErrorPage], arrival) }
        let answer = try await trial.answer(to: request, arrival)
        let codes = ["unsupported_response_type", "invalid_request"]
        trial.check(AuthorizationConditions.isError(codes, "RFC 6749 §3.1.1"), answer)
        trial.check(AuthorizationConditions.failure, answer)
    }

    static let registeredRedirectURI = Module("oidcc-ensure-registered-redirect-uri") { trial in
        var request = try trial.request()
        request["redirect_uri"] = (request["redirect_uri"] ?? "") + "/" + .random()
        let arrival = try await trial.visit(request, in: trial.browser(), by: trial.person())
        trial.check([ArrivalConditions.staysAtProvider, ArrivalConditions.asksNobody], arrival)
    }

    static let unsignedObject = Module(
        "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported"
    ) { trial in
        let metadata = try await trial.metadata()
        guard metadata.lists("none", in: "request_object_signing_alg_values_supported") == true else {
            throw Skip(reason: "unsigned request objects are not advertised")
        }
        var request = try trial.request()
        let inside = request["state"] ?? ""
        try enclose(&request, in: trial)
        // Only the object has the right state, which shows whether the provider ignores the object.
        request["state"] = .random()
        let arrival = try await trial.visit(request, in: trial.browser(), by: trial.person())
        request["state"] = inside
        let answer = try await trial.answer(to: request, arrival)
        if answer["error"] == "request_not_supported" {
            throw Skip(reason: "request objects are rejected as unsupported")
        }
        _ = try await trial.redeem(answer)
    }

    static let objectWithRedirectURI = Module("oidcc-ensure-request-object-with-redirect-uri") { trial in
        let metadata = try await trial.metadata()
        guard metadata.lists("none", in: "request_object_signing_alg_values_supported") == true else {
            throw Skip(reason: "unsigned request objects are not advertised")
        }
        var request = try trial.request()
        let registered = request["redirect_uri"] ?? ""
        try enclose(&request, in: trial)
        request["redirect_uri"] = registered + "/" + .random()
        let arrival = try await trial.visit(request, in: trial.browser(), by: trial.person())
        guard arrival.landing != nil else { return trial.check(ArrivalConditions.asksNobody, arrival) }
        request["redirect_uri"] = registered
        _ = try await trial.redeem(try await trial.answer(to: request, arrival))
    }

    static let contextClasses = Module("oidcc-ensure-request-with-acr-values-succeeds") { trial in
        let supported = try await trial.metadata()["acr_values_supported"]?.strings
        let values = trial.target.acrValues ?? supported?.joined(separator: " ") ?? "1 2"
        var request = try trial.request()
        request["acr_values"] = values
        let signedIn = try await trial.signIn(request, in: trial.browser())
        let asked = values.split(separator: " ").map(String.init)
        trial.check(
            Condition<JWS>("acr is one of the requested acr_values", .warning, "OpenID Connect Core §3.1.2.1") {
                token in
                let value = token.claims["acr"]?.string
                return .require(value.map(asked.contains) ?? false, "acr is \(value ?? "missing")")
            }, signedIn.idToken)
    }

    static let essentialClaim = Module("oidcc-claims-essential") { trial in
        guard try await trial.metadata()["claims_parameter_supported"]?.bool == true else {
            throw Skip(reason: "claims_parameter_supported is not true")
        }
        var request = try trial.request()
        request["claims"] = JSON.object(["userinfo": ["name": ["essential": true]]]).text
        let signedIn = try await trial.signIn(request, in: trial.browser())
        let evidence = try await trial.userInfo(signedIn)
        trial.check(
            Condition<UserInfoEvidence>(
                "the requested claim name is returned by the userinfo endpoint", .warning, "OpenID Connect Core §5.5"
            ) { evidence in
                .require(evidence.claims["name"]?.string != nil, "name is missing")
            }, evidence)
    }

    /// Adds all parameters as an unsigned request object (OpenID Connect Core §6.1).
    private static func enclose(_ request: inout AuthorizationRequest, in trial: Trial) throws {
        var claims: [String: JSON] = [
            "iss": .string(request.registration.clientID), "aud": .string(trial.target.issuer),
        ]
        for parameter in request.parameters { claims[parameter.name] = .string(parameter.value) }
        request["request"] = try SigningKey.none.sign(claims)
    }

    static let isErrorPage = Condition<Arrival>(
        "an error page is shown", .failure, "RFC 6749 §3.1.1", "OpenID Connect Core §3.1.2.6"
    ) { arrival in
        guard let page = arrival.page else { return .broken("no page was shown") }
        return .require((400..<500).contains(page.answer.status), "the response is \(page.answer.status)")
    }
}
