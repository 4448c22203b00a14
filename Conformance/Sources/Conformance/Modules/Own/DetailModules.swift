/// Rich authorization requests (RFC 9396).
enum DetailModules {
    static let all = [metadata, flow, consent, markup, invalid, otherClient, narrowing, refresh, introspection, pushed]

    /// A client that requests authorization details.
    private struct Rich: Sendable {
        let trial: Trial
        let examples: ExampleDetails
        let registration: Registration

        /// Throws `NotConfigured` if the target has no client or examples, `Skip` if the provider knows no types.
        init(_ trial: Trial) async throws {
            guard let examples = trial.target.authorizationDetails else {
                throw NotConfigured(what: "the target has no \"authorization_details\"")
            }
            guard try await trial.metadata()["authorization_details_types_supported"] != nil else {
                throw Skip(reason: "the metadata has no authorization_details_types_supported")
            }
            self.trial = trial
            self.examples = examples
            registration = try trial.registration(.rich)
        }

        func request(_ details: JSON, scope: String = "openid") throws -> AuthorizationRequest {
            var request = try trial.request(.rich, scope: scope)
            request["authorization_details"] = details.text
            return request
        }

        /// Signs in with the valid example, and checks that it is granted as requested.
        func signIn(scope: String = "openid") async throws -> SignedIn {
            var request = try request(examples.valid, scope: scope)
            if scope != "openid" { request["prompt"] = "consent" }
            let signedIn = try await trial.signIn(request, in: trial.browser())
            trial.check(DetailConditions.grants(examples.valid), signedIn.tokens.answer)
            return signedIn
        }

        func redeem(_ code: String, _ request: AuthorizationRequest, _ details: JSON) async throws -> WebAnswer {
            try await trial.token(
                trial.redemption(code, request) + [Parameter("authorization_details", details.text)],
                as: registration)
        }
    }

    static let metadata = Module("martlet-rar-metadata", ["RFC9396-008"]) { trial in
        let client = try await Rich(trial)
        let types = client.examples.valid.array?.compactMap { $0["type"]?.string } ?? []
        trial.check(DetailConditions.lists(types), try await trial.metadata())
    }

    static let flow = Module("martlet-rar-flow", ["RFC9396-001", "RFC9396-005"]) { trial in
        _ = try await Rich(trial).signIn()
    }

    /// Nothing is granted that the user has not seen.
    static let consent = Module("martlet-rar-consent", ["RFC9396-002"]) { trial in
        let client = try await Rich(trial)
        let page = try await page(client, client.examples.valid)
        for text in client.examples.shown {
            trial.check(DeviceConditions.shows(text, "what is requested", "RFC 9396 §3.1"), page)
        }
        let request = try client.request(client.examples.wider)
        let denial = try await trial.visit(request, in: trial.browser(), by: trial.person(agrees: false))
        let answer = try await trial.answer(to: request, denial)
        trial.check(AuthorizationConditions.isError(["access_denied"], "RFC 6749 §4.1.2.1"), answer)
    }

    static let markup = Module("martlet-rar-markup", ["RFC9396-009"]) { trial in
        let client = try await Rich(trial)
        guard let details = client.examples.markup else {
            throw NotConfigured(what: "the target has no markup in \"authorization_details\"")
        }
        trial.check(DetailConditions.escapes, try await page(client, details).answer)
    }

    /// Returns the consent page.
    private static func page(_ client: Rich, _ details: JSON) async throws -> ShownPage {
        let browser = client.trial.browser()
        var request = try client.request(details)
        request["prompt"] = "consent"
        let endpoint = try await client.trial.metadata().endpoint("authorization_endpoint")
        let arrival = try await browser.visit(request.sent(to: endpoint), by: client.trial.person(), submissions: 1)
        guard let page = arrival.page, page.forms.contains(where: { $0.kind == .question }) else {
            throw Misbehaviour("no page asks for consent")
        }
        return page
    }

    static let invalid = Module("martlet-rar-invalid", ["RFC9396-001", "RFC9396-003"]) { trial in
        let client = try await Rich(trial)
        let type = client.examples.valid.array?.first?["type"] ?? ""
        var texts = client.examples.invalid.map(\.text)
        texts += ["{", "{}", "[]", "[1]", "[{}]", "[{\"type\":1}]", "[{\"type\":\"https://unknown.example/type\"}]"]
        // Deep, and more than anyone needs.
        texts.append(String(repeating: "[", count: 200) + String(repeating: "]", count: 200))
        texts.append(JSON.array(Array(repeating: ["type": type], count: 40)).text)
        for text in texts {
            var request = try client.request([])
            request["authorization_details"] = text
            let arrival = try await trial.visit(request, in: trial.browser(), by: nil)
            let answer = try await trial.answer(to: request, arrival)
            trial.check(AuthorizationConditions.failure, answer)
            trial.check(
                AuthorizationConditions.isError(["invalid_authorization_details"], "RFC 9396 §5"), answer)
        }
    }

    /// A type that the client has not registered is like an unknown one.
    static let otherClient = Module("martlet-rar-unregistered-type", ["RFC9396-003", "RFC9396-008"]) { trial in
        let client = try await Rich(trial)
        var request = try trial.request()
        request["authorization_details"] = client.examples.valid.text
        let answer = try await trial.answer(to: request, trial.visit(request, in: trial.browser(), by: nil))
        trial.check(AuthorizationConditions.failure, answer)
        trial.check(AuthorizationConditions.isError(["invalid_authorization_details"], "RFC 9396 §5"), answer)
    }

    static let narrowing = Module("martlet-rar-narrowing", ["RFC9396-004", "RFC9396-005"]) { trial in
        let client = try await Rich(trial)
        for (details, isWithin) in [(client.examples.wider, false), (client.examples.narrower, true)] {
            let request = try client.request(client.examples.valid)
            let (answer, _) = try await trial.authorize(request, in: trial.browser(), by: trial.person())
            let tokens = try await client.redeem(trial.code(of: answer), request, details)
            if isWithin {
                try trial.require(TokenAnswerConditions.succeeds, tokens)
                trial.check(DetailConditions.grants(details), tokens)
            } else {
                trial.check(
                    TokenErrorConditions.refusal(["invalid_authorization_details"], "RFC 9396 §6"), tokens)
            }
        }
    }

    static let refresh = Module("martlet-rar-refresh", ["RFC9396-004", "RFC9396-005"]) { trial in
        let client = try await Rich(trial)
        let signedIn = try await client.signIn(scope: "openid offline_access")
        guard let token = signedIn.tokens.refreshToken else { throw Skip(reason: "no refresh token is issued") }
        func refreshed(_ token: String, _ details: JSON? = nil) async throws -> WebAnswer {
            var form = RefreshModules.parameters(token)
            form["authorization_details"] = details?.text
            return try await trial.token(form, as: client.registration)
        }
        let wider = try await refreshed(token, client.examples.wider)
        trial.check(TokenErrorConditions.refusal(["invalid_authorization_details"], "RFC 9396 §6"), wider)
        let narrower = try await refreshed(token, client.examples.narrower)
        try trial.require(TokenAnswerConditions.succeeds, narrower)
        trial.check(DetailConditions.grants(client.examples.narrower), narrower)
        // The refresh token keeps what was granted.
        let whole = try await refreshed(narrower.json?["refresh_token"]?.string ?? token)
        try trial.require(TokenAnswerConditions.succeeds, whole)
        trial.check(DetailConditions.grants(client.examples.valid), whole)
    }

    static let introspection = Module("martlet-rar-introspection", ["RFC9396-006", "RFC9396-007"]) { trial in
        let client = try await Rich(trial)
        let signedIn = try await client.signIn()
        let answer = try await TokenStateModules.introspect(
            signedIn.accessToken, as: trial.registration(.api), trial)
        trial.check(TokenStateModules.isActive, answer)
        trial.check(DetailConditions.grants(client.examples.valid), answer)
        if let token = try? JWS(signedIn.accessToken) {
            trial.check(DetailConditions.carries(client.examples.valid), token)
        }
    }

    static let pushed = Module("martlet-rar-pushed", ["RFC9396-003"]) { trial in
        let client = try await Rich(trial)
        guard try await trial.metadata()["pushed_authorization_request_endpoint"] != nil else {
            throw Skip(reason: "the metadata has no pushed_authorization_request_endpoint")
        }
        let endpoint = try await trial.metadata().endpoint("pushed_authorization_request_endpoint")
        for (details, isValid) in [(client.examples.valid, true), (client.examples.invalid.first ?? [], false)] {
            let request = try client.request(details)
            let answer = try await trial.post(request.parameters, to: endpoint, as: client.registration)
            if isValid {
                trial.check(DetailConditions.isPushed, answer)
            } else {
                trial.check(
                    TokenErrorConditions.refusal(["invalid_authorization_details"], "RFC 9396 §5"), answer)
            }
        }
    }
}

/// Conditions on authorization details.
enum DetailConditions {
    static func lists(_ types: [String]) -> Condition<ProviderMetadata> {
        Condition(
            "authorization_details_types_supported lists the types", .failure, "RFC 9396 §10"
        ) { metadata in
            let known = metadata["authorization_details_types_supported"]?.strings ?? []
            return .require(!types.isEmpty && Set(types).isSubset(of: known), "it is \(known)")
        }
    }

    static func grants(_ details: JSON) -> Condition<WebAnswer> {
        Condition(
            "authorization_details of the response are those that were granted", .failure, "RFC 9396 §7",
            "RFC 9396 §9.2"
        ) { answer in
            let granted = answer.json?["authorization_details"]
            return .require(granted == details, "they are \(granted?.text ?? "missing")")
        }
    }

    static func carries(_ details: JSON) -> Condition<JWS> {
        Condition("a JWT access token has the granted authorization_details", .warning, "RFC 9396 §9.1") { token in
            let granted = token.claims["authorization_details"]
            return .require(granted == details, "they are \(granted?.text ?? "missing")")
        }
    }

    static let escapes = Condition<WebAnswer>(
        "values are escaped on the consent page", .failure, "RFC 9396 §12"
    ) { answer in
        .require(!answer.text.contains("<script>alert(1)"), "a value is embedded as a script")
    }

    static let isPushed = Condition<WebAnswer>("valid details can be pushed", .failure, "RFC 9396 §4") { answer in
        .require(answer.status == 201, "the response is \(answer.status): \(TokenConditions.said(answer))")
    }
}
