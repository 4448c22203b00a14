/// Who is answered for, and how they proved who they are.
enum PersonModules {
    static let all = [totp, replay, otherPerson, subjectOfClaims, contextOfClaims, header]

    private static func secondFactor(_ trial: Trial) throws -> Person {
        guard let account = trial.target.secondFactorUser else {
            throw NotConfigured(what: "no second_factor_user is configured")
        }
        return Person(account)
    }

    static let totp = Module("martlet-totp", ["RFC6238-001", "RFC6238-005"]) { trial in
        var person = try secondFactor(trial)
        // Without the app they get no further than the question for its code.
        person.account.totpSecret = nil
        let arrival = try await trial.visit(trial.request(), in: trial.browser(), by: person)
        trial.check(asksForCode, arrival.visited + (arrival.page?.forms.map(\.kind) ?? []))
        trial.check(ArrivalConditions.staysAtProvider, arrival)
    }

    /// RFC 6238 §5.2: the verifier must not accept a second use of a code.
    static let replay = Module("martlet-totp-replay", ["RFC6238-004"]) { trial in
        var person = try secondFactor(trial)
        person.oneTimeStep = OneTimePassword.step(at: trial.now)
        let first = try await trial.visit(trial.request(), in: trial.browser(), by: person)
        try trial.require(ArrivalConditions.reachesClient, first)
        trial.check(asksForCode, first.visited)
        let second = try await trial.browser().visit(
            trial.request().sent(to: trial.metadata().endpoint("authorization_endpoint")), by: person, submissions: 2)
        trial.check(WebConditions.refusesAgain, second)
    }

    static let otherPerson = Module("martlet-id-token-hint-of-another", ["OIDC-Core-021", "OIDC-Core-025"]) { trial in
        guard let other = trial.target.otherUser else { throw NotConfigured(what: "no other_user is configured") }
        let theirs = try await trial.signIn(trial.request(), in: trial.browser(), by: Person(other))
        let browser = trial.browser()
        _ = try await trial.signIn(trial.request(), in: browser)
        var request = try trial.request()
        request["prompt"] = "none"
        request["id_token_hint"] = theirs.idToken.text
        let answer = try await trial.answer(to: request, trial.visit(request, in: browser, by: nil))
        trial.check(AuthorizationConditions.failure, answer)
        trial.check(
            AuthorizationConditions.isError(PromptModules.interactionErrors, "OpenID Connect Core §3.1.2.1"), answer)
    }

    static let subjectOfClaims = Module("martlet-claims-subject", ["OIDC-Core-024", "OIDC-Core-060"]) { trial in
        try await asked(trial, for: ["sub": ["value": .string(.random())]], codes: PromptModules.interactionErrors)
    }

    static let contextOfClaims = Module("martlet-claims-essential-acr", ["OIDC-Core-061"]) { trial in
        try await asked(
            trial, for: ["acr": ["essential": true, "values": ["urn:example:never"]]],
            codes: PromptModules.interactionErrors + ["unmet_authentication_requirements", "access_denied"])
    }

    static let header = Module("martlet-id-token-header", ["OIDC-Core-005", "OIDC-Core-004"]) { trial in
        let signedIn = try await trial.signIn()
        trial.check(isPlainHeader, signedIn.idToken)
    }

    /// Signs in, and asks again, silently, for what cannot be.
    private static func asked(_ trial: Trial, for claims: JSON, codes: [String]) async throws {
        guard try await trial.metadata()["claims_parameter_supported"]?.bool == true else {
            throw Skip(reason: "claims_parameter_supported is not true")
        }
        let browser = trial.browser()
        _ = try await trial.signIn(trial.request(), in: browser)
        var request = try trial.request()
        request["claims"] = JSON.object(["id_token": claims]).text
        request["prompt"] = "none"
        let answer = try await trial.answer(to: request, trial.visit(request, in: browser, by: nil))
        trial.check(AuthorizationConditions.failure, answer)
        trial.check(AuthorizationConditions.isError(codes, "OpenID Connect Core §5.5.1"), answer)
    }

    static let asksForCode = Condition<[PageKind]>(
        "the password alone does not suffice", .failure, "NIST SP 800-63B §4.2"
    ) { pages in
        .require(pages.contains(.secondFactor), "pages on the way: \(pages.map(\.rawValue))")
    }

    static let isPlainHeader = Condition<JWS>(
        "the header names no key elsewhere, and an algorithm", .failure, "OpenID Connect Core §2"
    ) { token in
        let links = ["x5u", "x5c", "jku", "jwk"].filter { token.header[$0] != nil }
        return .require(links.isEmpty && token.algorithm != "none", "it has \(links), alg \(token.algorithm ?? "none")")
    }
}
