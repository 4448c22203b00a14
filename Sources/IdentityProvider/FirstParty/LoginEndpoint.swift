import HTTPTypes
import JOSE

/// `POST /api/auth/login`: name and password, for tokens or for what is due before them.
struct LoginEndpoint: FirstPartyEndpoint {
    let clients: FirstPartyClients
    let resources: CachedResourceServers
    let passwords: PasswordFactor
    let devices: DeviceCookie
    let attempts: AttemptLimiter
    let signIn: SignIn
    let outcome: FirstPartySignIn
    let audit: AuditLog
    let routes = [Route.api(.post, "login", rateLimit: .guessing)]

    init(_ core: Core, signIn: SignIn, outcome: FirstPartySignIn) {
        clients = FirstPartyClients(core)
        resources = core.resources
        passwords = core.passwords
        devices = DeviceCookie(core)
        attempts = AttemptLimiter(core)
        self.signIn = signIn
        self.outcome = outcome
        audit = core.audit
    }

    func respond(to request: Request) async throws -> Response {
        try request.requireKnown(["username", "email", "password", "client_id", "scope", "acr_values", "transport"])
        let transport = try Transport(request, of: outcome.issuer)
        let parameters = request.parameters
        let client = try await clients.client(parameters["client_id"])
        let attempt = FirstPartySignIn.Attempt(
            client: client.id, scope: try await scope(parameters["scope"], of: client),
            asked: AuthenticationContext.weakest(of: parameters.list("acr_values")), transport: transport)
        guard let name = parameters["username"] ?? parameters["email"],
            parameters["username"] == nil || parameters["email"] == nil
        else { throw OAuthError.invalidRequest("username or email is needed, and not both") }
        let password = try parameters.required("password")
        // What browsers keep for our pages is no business of this API: it replaces no session and trusts no device.
        let request = request.withoutCookies
        switch try await passwords.signIn(
            name, password, devices: devices, attempts: attempts, request,
            advance: { user in
                try await signIn.advance(
                    nil, with: .password, by: user, toward: attempt.destination(client), in: request)
            })
        {
        case .throttled(let pause):
            audit.record(.signInRefused(pause.refusal, .password), client: client.id)
            throw OAuthError.tooManyRequests(retryAfter: pause.seconds)
        case .refused(let reason, let known):
            audit.record(.signInRefused(reason, .password), user: known, client: client.id)
            throw OAuthError.authenticationFailed
        case .accepted(let user, let result):
            return try await outcome.answer(result, of: user, attempt, by: client)
        }
    }

    private func scope(_ requested: String?, of client: Client) async throws -> Scope {
        let scope = try await resources.catalog().scope(requested, of: client)
        // Without it the token would be of no use at this API.
        return Scope([Scope.openID]).union(scope)
    }
}
