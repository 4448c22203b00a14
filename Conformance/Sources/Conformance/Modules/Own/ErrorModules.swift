/// Responses to invalid requests (RFC 6749 §3, §4.1.2.1, §5.2; RFC 6750 §3).
enum ErrorModules {
    static let all = [
        tokenRequests, tokenByGet, repeatedParameter, unknownClient, unsupportedType, promptNoneAndLogin, refusal,
        bearerMissing, bearerWrong, bearerInQuery, bearerTwice, redirectURIs, redirectURIWithQuery, issuerInErrors,
    ]

    static let tokenRequests = Module("martlet-token-errors", ["RFC6749-038", "RFC6749-009", "RFC6749-016"]) { trial in
        let registration = try trial.registration(.first)
        let requests: [([Parameter], [String])] = [
            ([], ["invalid_request", "unsupported_grant_type"]),
            ([Parameter("grant_type", "urn:example:nothing")], ["unsupported_grant_type"]),
            ([Parameter("grant_type", "authorization_code")], ["invalid_request"]),
            ([Parameter("grant_type", "refresh_token")], ["invalid_request"]),
            (
                [
                    Parameter("grant_type", "authorization_code"), Parameter("code", "a"), Parameter("code", "b"),
                    Parameter("redirect_uri", registration.redirectURIs.first ?? ""),
                ], ["invalid_request"]
            ),
            (
                [
                    Parameter("grant_type", "authorization_code"), Parameter("code", .random()),
                    Parameter("redirect_uri", registration.redirectURIs.first ?? ""),
                ], ["invalid_grant"]
            ),
            ([Parameter("grant_type", "refresh_token"), Parameter("refresh_token", .random())], ["invalid_grant"]),
        ]
        for (form, codes) in requests {
            let answer = try await trial.token(form, as: registration)
            trial.check(TokenErrorConditions.refusal(codes, "RFC 6749 §5.2"), answer)
        }
    }

    static let tokenByGet = Module("martlet-token-by-get", ["RFC6749-015"]) { trial in
        let signedIn = try await trial.authorize(trial.request(), in: trial.browser(), by: trial.person()).0
        let form = trial.redemption(try trial.code(of: signedIn), signedIn.request)
        let registration = signedIn.request.registration
        let endpoint = try await trial.metadata().endpoint("token_endpoint")
        let proof = try ClientAuthentication(registration, audience: trial.target.issuer)
        let answer = try await trial.send(WebRequest("GET", endpoint.adding(form), headers: proof.headers))
        trial.check(isClientError, answer)
    }

    static let repeatedParameter = Module("martlet-repeated-parameter", ["RFC6749-009"]) { trial in
        var request = try trial.request()
        request.parameters.append(Parameter("scope", "openid email"))
        let arrival = try await trial.visit(request, in: trial.browser(), by: nil)
        guard arrival.landing != nil else {
            return trial.check([ArrivalConditions.staysAtProvider, ArrivalConditions.asksNobody], arrival)
        }
        let answer = try await trial.answer(to: request, arrival)
        trial.check(AuthorizationConditions.isError(["invalid_request"], "RFC 6749 §3.1"), answer)
    }

    static let unknownClient = Module("martlet-unknown-client", ["RFC6749-026"]) { trial in
        var request = try trial.request()
        request["client_id"] = "nobody-\(String.random())"
        let arrival = try await trial.visit(request, in: trial.browser(), by: nil)
        trial.check([ArrivalConditions.staysAtProvider, ArrivalConditions.asksNobody], arrival)
    }

    static let unsupportedType = Module("martlet-unsupported-response-type", ["RFC6749-010", "RFC6749-027"]) { trial in
        var request = try trial.request()
        request["response_type"] = "nothing"
        let arrival = try await trial.visit(request, in: trial.browser(), by: nil)
        let answer = try await trial.answer(to: request, arrival)
        trial.check(AuthorizationConditions.failure, answer)
        let codes = ["unsupported_response_type", "invalid_request"]
        trial.check(AuthorizationConditions.isError(codes, "RFC 6749 §4.1.2.1"), answer)
    }

    static let promptNoneAndLogin = Module("martlet-prompt-none-and-login", ["OIDC-Core-014"]) { trial in
        var request = try trial.request()
        request["prompt"] = "none login"
        let answer = try await trial.answer(to: request, trial.visit(request, in: trial.browser(), by: nil))
        trial.check(AuthorizationConditions.isError(["invalid_request"], "OpenID Connect Core §3.1.2.1"), answer)
    }

    static let refusal = Module("martlet-person-refuses", ["RFC6749-027", "OIDC-Core-029"]) { trial in
        var request = try trial.request(scope: "openid profile")
        request["prompt"] = "consent"
        let (answer, arrival) = try await trial.authorize(
            request, in: trial.browser(), by: trial.person(agrees: false))
        trial.check(wasAsked, arrival)
        trial.check(AuthorizationConditions.failure, answer)
        trial.check(AuthorizationConditions.isError(["access_denied"], "RFC 6749 §4.1.2.1"), answer)
    }

    static let issuerInErrors = Module("martlet-issuer-in-errors", ["RFC9207-001", "RFC9207-003"]) { trial in
        guard try await trial.metadata()["authorization_response_iss_parameter_supported"]?.bool == true else {
            throw Skip(reason: "authorization_response_iss_parameter_supported is not true")
        }
        var request = try trial.request()
        request["prompt"] = "none"
        let answer = try await trial.answer(to: request, trial.visit(request, in: trial.browser(), by: nil))
        trial.check(AuthorizationConditions.keepsIssuerPromise, answer)
    }

    // RFC 6750

    static let bearerMissing = Module("martlet-bearer-missing", ["RFC6750-005", "RFC6750-009"]) { trial in
        let endpoint = try await trial.metadata().endpoint("userinfo_endpoint")
        let answer = try await trial.send(WebRequest("GET", endpoint))
        trial.check([isUnauthorized, BearerConditions.challenges, BearerConditions.hasNoError], answer)
    }

    static let bearerWrong = Module("martlet-bearer-wrong", ["RFC6750-005", "RFC6750-006", "RFC6750-008"]) { trial in
        let endpoint = try await trial.metadata().endpoint("userinfo_endpoint")
        for token in ["x", String.random()] {
            let answer = try await trial.send(WebRequest("GET", endpoint, headers: [Trial.bearer(token)]))
            trial.check([isUnauthorized, BearerConditions.challenges, BearerConditions.saysInvalid], answer)
        }
    }

    static let bearerInQuery = Module("martlet-bearer-in-query", ["RFC6750-004"]) { trial in
        let signedIn = try await trial.signIn()
        let endpoint = try await trial.metadata().endpoint("userinfo_endpoint")
        let address = endpoint.adding([Parameter("access_token", signedIn.accessToken)])
        trial.check(isClientError, try await trial.send(WebRequest("GET", address)))
    }

    static let bearerTwice = Module("martlet-bearer-twice", ["RFC6750-001"]) { trial in
        let signedIn = try await trial.signIn()
        let endpoint = try await trial.metadata().endpoint("userinfo_endpoint")
        let form = [Parameter("access_token", signedIn.accessToken)]
        let answer = try await trial.send(
            .form(form, to: endpoint, headers: [Trial.bearer(signedIn.accessToken)]))
        trial.check(isClientError, answer)
    }

    // Redirect URIs

    static let redirectURIs = Module("martlet-redirect-uri-exact", ["RFC9700-001", "RFC9700-002", "RFC6749-014"]) {
        trial in
        let registered = try trial.registration(.first).redirectURIs.first ?? ""
        let address = WebAddress(registered)
        let variants = [
            registered + "/", registered + "?foo=bar", registered + "#x", registered + "/../callback",
            registered.replacing("https://", with: "http://"), registered.replacing("https://", with: "https://x@"),
            registered.replacing(address.host, with: address.host + ".attacker.example"),
            registered.replacing(address.path, with: address.path.uppercased()), String(registered.dropLast()),
        ]
        for variant in Set(variants).subtracting([registered]).sorted() {
            var request = try trial.request()
            request["redirect_uri"] = variant
            let arrival = try await trial.visit(request, in: trial.browser(), by: nil)
            trial.check([ArrivalConditions.staysAtProvider, ArrivalConditions.asksNobody], arrival)
        }
        var request = try trial.request()
        request["redirect_uri"] = nil
        let arrival = try await trial.visit(request, in: trial.browser(), by: nil)
        // Required by OpenID Connect Core §3.1.2.1, and ambiguous because several are registered.
        trial.check([ArrivalConditions.staysAtProvider, ArrivalConditions.asksNobody], arrival)
    }

    static let redirectURIWithQuery = Module("martlet-redirect-uri-with-query", ["RFC6749-011", "RFC6749-013"]) {
        trial in
        let registration = try trial.registration(.first)
        guard let registered = registration.redirectURIs.first(where: { $0.contains("?") }) else {
            throw NotConfigured(what: "the client \"first\" needs a redirect URI with a query")
        }
        var request = try trial.request()
        request["redirect_uri"] = registered
        _ = try await trial.signIn(request, in: trial.browser())
        let query = WebAddress(registered).query ?? ""
        let base = WebAddress(registered).base
        let reordered = query.split(separator: "&").reversed().joined(separator: "&")
        for other in [query + "x", query + "&more=1", reordered] where other != query {
            request = try trial.request()
            request["redirect_uri"] = "\(base)?\(other)"
            let arrival = try await trial.visit(request, in: trial.browser(), by: nil)
            trial.check([ArrivalConditions.staysAtProvider, ArrivalConditions.asksNobody], arrival)
        }
    }

    static let isClientError = Condition<WebAnswer>(
        "the request is rejected with a 4xx status", .failure, "RFC 9110 §15.5"
    ) { answer in
        .require((400..<500).contains(answer.status), "the response is \(answer.status)")
    }

    static let isUnauthorized = Condition<WebAnswer>("the status is 401", .failure, "RFC 6750 §3.1") { answer in
        .require(answer.status == 401, "the status is \(answer.status)")
    }

    static let wasAsked = Condition<Arrival>(
        "the user is asked for consent", .failure, "OpenID Connect Core §3.1.2.4"
    ) { arrival in
        .require(arrival.visited.contains(.question), "pages shown: \(arrival.visited.map(\.rawValue))")
    }
}

/// The challenge of a protected resource (RFC 6750 §3).
enum BearerConditions {
    static let challenges = Condition<WebAnswer>(
        "WWW-Authenticate has a Bearer challenge", .failure, "RFC 6750 §3"
    ) { answer in
        .require(
            answer.header("WWW-Authenticate")?.lowercased().hasPrefix("bearer") == true,
            "WWW-Authenticate is \(answer.header("WWW-Authenticate") ?? "missing")")
    }

    static let hasNoError = Condition<WebAnswer>(
        "the challenge has no error if no token was sent", .warning, "RFC 6750 §3.1"
    ) { answer in
        .require(answer.header("WWW-Authenticate")?.contains("error=") != true, "it has an error")
    }

    static let saysInvalid = Condition<WebAnswer>(
        "the challenge has the error invalid_token", .warning, "RFC 6750 §3.1"
    ) { answer in
        .require(
            answer.header("WWW-Authenticate")?.contains("error=\"invalid_token\"") == true,
            "WWW-Authenticate is \(answer.header("WWW-Authenticate") ?? "missing")")
    }
}
