/// What a FAPI client gets for one authorization.
struct FAPIGrant: Sendable {
    let answer: AuthorizationAnswer
    let code: String
    let tokens: TokenAnswer
    /// `nil` without OpenID Connect.
    let idToken: JWS?

    var request: AuthorizationRequest { answer.request }
    var accessToken: String { tokens.accessToken ?? "" }
}

/// The steps of most scripts. Each one checks its shared conditions.
extension FAPIClient {
    /// Pushes the request and returns its `request_uri`.
    func requestURI(for pushed: PushedRequest) async throws -> String {
        let answer = try await send(pushed)
        try trial.require(PushedConditions.succeeds, answer)
        trial.check(Array(PushedConditions.shared.dropFirst()), answer)
        return answer.json?["request_uri"]?.string ?? ""
    }

    func requestURI(for request: AuthorizationRequest) async throws -> String {
        try await requestURI(for: push(request))
    }

    /// Sends the browser to the authorization endpoint with a pushed request. `extra` are parameters beside it.
    func visit(
        _ requestURI: String, adding extra: [Parameter] = [], in browser: Browser? = nil, by person: Person?
    ) async throws -> Arrival {
        let endpoint = try await trial.metadata().endpoint("authorization_endpoint")
        let parameters = [Parameter("client_id", registration.clientID), Parameter("request_uri", requestURI)] + extra
        return try await (browser ?? trial.browser()).visit(endpoint.adding(parameters), by: person)
    }

    /// Pushes the request, signs in, and returns the response of the authorization endpoint.
    func authorize(
        _ request: AuthorizationRequest, _ pushed: PushedRequest? = nil, in browser: Browser? = nil,
        by person: Person? = nil
    ) async throws -> AuthorizationAnswer {
        let address = try await requestURI(for: pushed ?? push(request))
        return try await answer(
            to: request, visit(address, in: browser, by: person ?? trial.person()))
    }

    /// Returns the authorization response. Stops the module if the browser did not return to the client.
    func answer(to request: AuthorizationRequest, _ arrival: Arrival) async throws -> AuthorizationAnswer {
        let answer = try await trial.answer(to: request, arrival)
        trial.check(FAPIConditions.namesIssuer, answer)
        guard request["response_mode"]?.hasSuffix("jwt") == true else { return answer }
        try trial.require(ResponseJWTConditions.isJWT, answer)
        guard let token = answer.responseJWT else { throw Stop() }
        let evidence = ResponseJWTEvidence(
            token: token, answer: answer, issuer: trial.target.issuer, keys: try await trial.keys(), now: trial.now)
        trial.check(ResponseJWTConditions.shared + [FAPIConditions.hasPermittedAlgorithm], evidence)
        return answer
    }

    /// A token request for the code of `answer`.
    func redemption(_ answer: AuthorizationAnswer) throws -> DirectRequest {
        let request = answer.request
        return direct(
            trial.redemption(try trial.code(of: answer), request, verifier: request.proofKey?.verifier))
    }

    /// Redeems the code and checks the response.
    func redeem(_ answer: AuthorizationAnswer, _ direct: DirectRequest? = nil) async throws -> FAPIGrant {
        let code = try trial.code(of: answer)
        let sent = try await send(direct ?? redemption(answer), to: "token_endpoint")
        let tokens = tokenAnswer(sent, for: "authorization_code", answer.request)
        try trial.require(TokenConditions.succeeds, tokens)
        trial.check(Array(TokenConditions.shared.dropFirst()), tokens)
        let idToken = try await idToken(of: tokens, answer, code: code)
        return FAPIGrant(answer: answer, code: code, tokens: tokens, idToken: idToken)
    }

    func tokenAnswer(_ answer: WebAnswer, for grant: String, _ request: AuthorizationRequest) -> TokenAnswer {
        TokenAnswer(
            grantType: grant, scope: request["scope"] ?? "", answer: answer,
            expectedType: proofKey == nil ? "Bearer" : "DPoP")
    }

    private func idToken(of tokens: TokenAnswer, _ answer: AuthorizationAnswer, code: String) async throws -> JWS? {
        guard tokens.isOpenID else { return nil }
        let token = try trial.idToken(tokens)
        let evidence = IDTokenEvidence(
            token: token, issuer: trial.target.issuer, registration: registration, request: answer.request,
            accessToken: tokens.accessToken, code: code, keys: try await trial.keys(), now: trial.now)
        trial.check(IDTokenConditions.shared + FAPIConditions.idToken, evidence)
        return token
    }

    /// Pushes a request, signs in, and redeems the code.
    func signIn(
        _ request: AuthorizationRequest? = nil, _ change: (inout PushedRequest) -> Void = { _ in }
    ) async throws -> FAPIGrant {
        let request = try request ?? self.request()
        var pushed = push(request)
        change(&pushed)
        return try await redeem(authorize(request, pushed))
    }

    /// Calls the resource with a valid proof or certificate, and requires that it answers.
    func useResource(_ grant: FAPIGrant, _ change: (inout ResourceCall) -> Void = { _ in }) async throws {
        var call = try await call(grant.accessToken)
        change(&call)
        trial.check(ResourceConditions.shared, try await send(call))
    }

    // Refusals

    /// Pushes a request that the provider must refuse with one of `codes`. If it accepts the push, the authorization
    /// endpoint must refuse it.
    func isRefused(_ pushed: PushedRequest, _ codes: [String], _ section: String) async throws {
        let answer = try await send(pushed)
        guard answer.status == 201, let address = answer.json?["request_uri"]?.string else {
            return trial.check(TokenErrorConditions.refusal(codes, section), answer)
        }
        let arrival = try await visit(address, by: trial.person())
        var request = AuthorizationRequest(registration)
        request.parameters = pushed.parameters
        try await isRefused(request, arrival, codes + ["invalid_request_uri"], section)
    }

    /// Requires that the browser stopped at an error page, or that the client got one of `codes`.
    func isRefused(
        _ request: AuthorizationRequest, _ arrival: Arrival, _ codes: [String], _ section: String
    ) async throws {
        guard arrival.landing != nil else {
            return trial.check([ArrivalConditions.staysAtProvider, ArrivalConditions.asksNobody], arrival)
        }
        let answer = try await trial.answer(to: request, arrival)
        trial.check(AuthorizationConditions.failure, answer)
        trial.check(AuthorizationConditions.isError(codes, section), answer)
    }

    /// Sends a token request that the provider must refuse with one of `codes`.
    func isRefused(_ direct: DirectRequest, _ codes: [String], _ section: String) async throws {
        trial.check(
            TokenErrorConditions.refusal(codes, section), try await send(direct, to: "token_endpoint"))
    }
}
