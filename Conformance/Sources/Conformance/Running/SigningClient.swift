/// A client that sends request objects by value (OpenID Connect Core §6.1): `signed` or `unsigned` of the target.
struct SigningClient: Sendable {
    let trial: Trial
    let registration: Registration
    private let role: Role
    private let key: SigningKey

    init(_ trial: Trial, _ role: Role = .signed) throws {
        self.trial = trial
        self.role = role
        registration = try trial.registration(role)
        guard role == .signed else {
            key = .none
            return
        }
        guard let key = registration.privateKey.flatMap(SigningKey.init) else {
            throw NotConfigured(what: "the client \"signed\" needs a private_key")
        }
        self.key = key
    }

    /// Returns a request with PKCE and its object.
    func object(
        by signer: SigningKey? = nil, header: [String: JSON] = [:],
        _ change: (inout [String: JSON]) -> Void = { _ in }
    ) throws -> (AuthorizationRequest, String) {
        var request = try trial.request(role)
        let proofKey = ProofKey()
        request.proofKey = proofKey
        request["code_challenge"] = proofKey.challenge
        request["code_challenge_method"] = "S256"
        var claims = RequestObject.claims(
            request.parameters, from: registration.clientID, to: trial.target.issuer)
        change(&claims)
        var full = header
        full["kid"] = registration.privateKey?["kid"]
        return (request, try (signer ?? key).sign(claims, header: full))
    }

    /// Sends the browser to the authorization endpoint with the object and no other parameters than those that OAuth
    /// and OpenID Connect demand beside it.
    func visit(_ object: String) async throws -> Arrival {
        let endpoint = try await trial.metadata().endpoint("authorization_endpoint")
        let parameters = [
            Parameter("client_id", registration.clientID), Parameter("response_type", "code"),
            Parameter("scope", "openid"), Parameter("request", object),
        ]
        return try await trial.browser().visit(endpoint.adding(parameters), by: trial.person())
    }

    /// Requires an error page, or `invalid_request_object` at the client.
    func isRefused(_ request: AuthorizationRequest, _ object: String) async throws {
        let arrival = try await visit(object)
        trial.check(PushedModules.givesNoCode, arrival)
        guard let landing = arrival.landing else {
            return trial.check([ArrivalConditions.staysAtProvider, ArrivalConditions.asksNobody], arrival)
        }
        trial.check(
            Condition<String?>("the error is invalid_request_object", .failure, "RFC 9101 §6.2") { error in
                .require(error == "invalid_request_object", "error is \(error ?? "missing")")
            }, landing.query["error"])
    }
}
