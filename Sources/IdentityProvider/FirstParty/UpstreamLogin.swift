import JOSE

/// Answers a login with an upstream, for which the front end opens a browser: checks the authorization request and
/// returns its URL.
struct UpstreamLogin: Sendable {
    private let issuer: Issuer
    private let clients: FirstPartyClients
    private let choices: UpstreamChoices
    private let intake: AuthorizationIntake

    init(_ core: Core) {
        issuer = core.issuer
        clients = FirstPartyClients(core)
        choices = UpstreamChoices(core)
        intake = AuthorizationIntake(core)
    }

    /// The members that are parameters of the authorization request as they are.
    private static let passed = [
        "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "acr_values",
    ]

    func answer(_ request: Request) async throws -> Response {
        try request.requireKnown(Set(Self.passed + ["upstream", "client_id"]))
        let client = try await clients.client(request.parameters["client_id"])
        guard let upstream = try await choices.allowed(for: client).named(request.parameters["upstream"]) else {
            throw OAuthError.invalidRequest("upstream must be the id of an enabled upstream that the client may use")
        }
        let pairs =
            [("response_type", "code"), ("client_id", client.id.rawValue)]
            + Self.passed.compactMap { name in request.parameters[name].map { (name, $0) } }
            + [("idp_hint", upstream.id.rawValue)]
        _ = try await intake.check(intake.receive(Parameters(pairs)))
        return .json([
            "upstream": .string(upstream.id.rawValue),
            "authorization_uri": .string("\(issuer.url(.authorization))?\(FormEncoding.encode(pairs))"),
        ])
    }
}
