/// Which user is signed in, and how they authenticated.
enum PersonModules {
    static let all = [totp, replay, otherPerson, subjectOfClaims, contextOfClaims, header]

    private static func secondFactor(_ trial: Trial) throws -> Person {
        guard let account = trial.target.secondFactorUser else {
            throw NotConfigured(what: "the target has no second_factor_user")
        }
        return Person(account)
    }

    static let totp = Module("martlet-totp", ["RFC6238-001", "RFC6238-005"]) { trial in
        var person = try secondFactor(trial)
        // Without the authenticator app, the user stops at the page that asks for a code.
        person.account.totpSecret = nil
        let arrival = try await trial.visit(trial.request(), in: trial.browser(), by: person)
        trial.check(asksForCode, arrival.visited + (arrival.page?.forms.map(\.kind) ?? []))
        trial.check(ArrivalConditions.staysAtProvider, arrival)
    }

    /// RFC 6238 §5.2: the verifier must not accept the same code twice.
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
        guard let other = trial.target.otherUser else { throw NotConfigured(what: "the target has no other_user") }
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

    /// Signs in, then silently requests claims that can't be satisfied.
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
        "a password alone is not enough", .failure, "NIST SP 800-63B §4.2"
    ) { pages in
        .require(pages.contains(.secondFactor), "pages shown: \(pages.map(\.rawValue))")
    }

    static let isPlainHeader = Condition<JWS>(
        "the header refers to no external key and has an alg other than none", .failure, "OpenID Connect Core §2"
    ) { token in
        let links = ["x5u", "x5c", "jku", "jwk"].filter { token.header[$0] != nil }
        return .require(links.isEmpty && token.algorithm != "none", "found \(links), alg \(token.algorithm ?? "none")")
    }
}
