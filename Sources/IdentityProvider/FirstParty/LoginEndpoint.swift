import HTTPTypes
import JOSE

/// `POST /api/auth/login`: exchanges username and password for tokens, or for the step that remains. With
/// `upstream`, returns the URL to open.
struct LoginEndpoint: FirstPartyEndpoint {
    let clients: FirstPartyClients
    let resources: CachedResourceServers
    let passwords: PasswordSignIn
    let upstreams: UpstreamLogin
    let outcome: FirstPartySignIn
    let routes = [Route.api(.post, "login", rateLimit: .requests)]

    init(_ core: Core, signIn: SignIn, outcome: FirstPartySignIn) {
        clients = FirstPartyClients(core)
        resources = core.resources
        passwords = PasswordSignIn(core, signIn: signIn)
        upstreams = UpstreamLogin(core)
        self.outcome = outcome
    }

    func respond(to request: Request) async throws -> Response {
        guard request.parameters["upstream"] == nil else { return try await upstreams.answer(request) }
        try request.requireKnown(["username", "email", "password", "client_id", "scope", "acr_values", "transport"])
        let transport = try Transport(request, of: outcome.issuer)
        let parameters = request.parameters
        let client = try await clients.client(parameters["client_id"])
        let attempt = FirstPartySignIn.Attempt(
            client: client.id, scope: try await scope(parameters["scope"], of: client),
            asked: AuthenticationContext.weakest(of: client.requestedContexts(parameters)), transport: transport)
        guard let name = parameters["username"] ?? parameters["email"],
            parameters["username"] == nil || parameters["email"] == nil
        else { throw OAuthError.invalidRequest("send either username or email") }
        let password = try parameters.required("password")
        let proof = try await outcome.proof(in: request, of: client, over: transport)
        // Cookies of Martlet's pages don't apply to this API: it replaces no session and trusts no device.
        let request = request.withoutCookies
        switch try await passwords.attempt(
            name, password, toward: attempt.destination(client), for: client.id, request)
        {
        case .throttled(let pause): throw OAuthError.tooManyRequests(retryAfter: pause.seconds)
        case .refused: throw OAuthError.authenticationFailed
        case .accepted(let user, let result):
            return try await outcome.answer(result, of: user, attempt, by: client, provenBy: proof)
        }
    }

    private func scope(_ requested: String?, of client: Client) async throws -> Scope {
        let scope = try await resources.catalog().scope(requested, of: client)
        // The API's own endpoints require `openid`.
        return Scope([Scope.openID]).union(scope)
    }
}
