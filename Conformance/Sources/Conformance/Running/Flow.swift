/// The steps of most scripts. Each one checks its shared conditions.
extension Trial {
    package func request(_ role: Role = .first, scope: String = "openid") throws -> AuthorizationRequest {
        var request = AuthorizationRequest(try registration(role), scope: scope)
        request["response_mode"] = variant.responseMode
        return request
    }

    /// Sends the browser to the authorization endpoint and returns where it stops.
    package func visit(_ request: AuthorizationRequest, in browser: Browser, by person: Person?) async throws -> Arrival
    {
        try await browser.visit(request.sent(to: metadata().endpoint("authorization_endpoint")), by: person)
    }

    /// Like `visit`, but requires that the client gets a response.
    package func authorize(
        _ request: AuthorizationRequest, in browser: Browser, by person: Person?
    ) async throws -> (AuthorizationAnswer, Arrival) {
        let arrival = try await visit(request, in: browser, by: person)
        return (try await answer(to: request, arrival), arrival)
    }

    /// Returns the authorization response. Stops the module if the browser did not return to the client.
    package func answer(to request: AuthorizationRequest, _ arrival: Arrival) async throws -> AuthorizationAnswer {
        try require(ArrivalConditions.reachesClient, arrival)
        guard let landing = arrival.landing else { throw Stop() }
        let answer = AuthorizationAnswer(
            request: request, landing: landing, visited: arrival.visited, metadata: try await metadata())
        check(AuthorizationConditions.shared, answer)
        return answer
    }

    package func code(of answer: AuthorizationAnswer) throws -> String {
        try require(AuthorizationConditions.succeeds, answer)
        check(Array(AuthorizationConditions.success.dropFirst()), answer)
        return answer["code"] ?? ""
    }

    /// Sends a token request with the client's credentials.
    package func token(
        _ parameters: [Parameter], as registration: Registration, authentication: ClientAuthentication? = nil
    ) async throws -> WebAnswer {
        let endpoint = try await metadata().endpoint("token_endpoint")
        return try await post(parameters, to: endpoint, as: registration, authentication: authentication)
    }

    /// Posts a form to an endpoint with the client's credentials.
    package func post(
        _ parameters: [Parameter], to endpoint: WebAddress, as registration: Registration,
        authentication: ClientAuthentication? = nil
    ) async throws -> WebAnswer {
        let proof = try authentication ?? ClientAuthentication(registration, audience: target.issuer)
        return try await send(.form(parameters + proof.form, to: endpoint, headers: proof.headers))
    }

    package func redemption(_ code: String, _ request: AuthorizationRequest, verifier: String? = nil) -> [Parameter] {
        var parameters = [
            Parameter("grant_type", "authorization_code"), Parameter("code", code),
            Parameter("redirect_uri", request["redirect_uri"] ?? ""),
        ]
        parameters["code_verifier"] = verifier
        return parameters
    }

    /// Redeems the code and checks the response.
    package func redeem(_ answer: AuthorizationAnswer, verifier: String? = nil) async throws -> SignedIn {
        let code = try code(of: answer)
        let request = answer.request
        let tokens = TokenAnswer(
            grantType: "authorization_code", scope: request["scope"] ?? "",
            answer: try await token(redemption(code, request, verifier: verifier), as: request.registration))
        try require(TokenConditions.succeeds, tokens)
        check(Array(TokenConditions.shared.dropFirst()), tokens)
        let token = try idToken(tokens)
        let evidence = IDTokenEvidence(
            token: token, issuer: target.issuer, registration: request.registration, request: request,
            accessToken: tokens.accessToken, code: code, keys: try await keys(), now: now)
        check(IDTokenConditions.shared, evidence)
        return SignedIn(
            answer: answer, code: code, tokens: tokens, idToken: token, accessToken: tokens.accessToken ?? "")
    }

    package func idToken(_ tokens: TokenAnswer) throws -> JWS {
        try require(Self.isJWT, tokens)
        guard let token = try? JWS(tokens.idToken ?? "") else { throw Stop() }
        return token
    }

    private static let isJWT = Condition<TokenAnswer>(
        "the ID Token is a signed JWT", .failure, "OpenID Connect Core §2"
    ) { tokens in
        do throws(MalformedJWT) {
            _ = try JWS(tokens.idToken ?? "")
            return .holds
        } catch {
            return .broken(error.reason)
        }
    }

    /// Signs in and redeems the code.
    package func signIn(
        _ request: AuthorizationRequest, in browser: Browser, by person: Person? = nil, verifier: String? = nil
    ) async throws -> SignedIn {
        let (answer, _) = try await authorize(request, in: browser, by: person ?? self.person())
        return try await redeem(answer, verifier: verifier)
    }

    /// Signs in with a new browser and redeems the code.
    package func signIn(scope: String = "openid", as role: Role = .first) async throws -> SignedIn {
        try await signIn(request(role, scope: scope), in: browser())
    }

    @discardableResult
    package func userInfo(_ signedIn: SignedIn) async throws -> UserInfoEvidence {
        let request = WebRequest(
            "GET", try await metadata().endpoint("userinfo_endpoint"),
            headers: [Self.bearer(signedIn.accessToken)])
        return judged(try await send(request), signedIn)
    }

    func judged(_ answer: WebAnswer, _ signedIn: SignedIn) -> UserInfoEvidence {
        let evidence = UserInfoEvidence(answer: answer, idToken: signedIn.idToken)
        check(UserInfoConditions.shared, evidence)
        return evidence
    }

    package static func bearer(_ token: String) -> Parameter { Parameter("Authorization", "Bearer \(token)") }
}
