/// An authorization request whose client and redirect URI are verified. From here on, errors may be redirected.
struct RedirectableRequest: Sendable {
    let client: Client
    let redirect: VerifiedRedirect
    fileprivate let content: Content

    fileprivate enum Content: Sendable {
        case parameters(Parameters)
        /// Already checked when it was pushed.
        case pushed(AuthorizationRequest)
    }
}

/// Parses and checks authorization requests: parameters → client → `VerifiedRedirect` → `AuthorizationRequest`. What
/// follows doesn't depend on how the parameters arrived: in the request, in a request object, or pushed before.
struct AuthorizationIntake: Sendable {
    private let clients: any ClientStore
    private let resources: CachedResourceServers
    private let attributes: CachedAttributes
    private let hints: IDTokenHintReader
    private let objects: RequestObjectReader
    private let pushed: PushedRequests
    private let requiresPushedRequests: Bool
    private let hasSignUpPage: Bool

    init(_ core: Core) {
        clients = core.clients
        resources = core.resources
        attributes = core.attributes
        hints = IDTokenHintReader(core)
        objects = RequestObjectReader(core)
        pushed = PushedRequests(core)
        requiresPushedRequests = core.settings.requiresPushedRequests
        hasSignUpPage = core.hasSignUpPage
    }

    /// Verifies the client and the redirect URI of a request to the authorization endpoint. Throws errors that must be
    /// shown to the user and not redirected (RFC 6749 §4.1.2.1).
    func receive(_ parameters: Parameters) async throws -> RedirectableRequest {
        let client = try await clients.registered(Identifier(rawValue: parameters.required("client_id")))
        do {
            if let uri = parameters["request_uri"], PushedRequests.isPushed(uri) {
                return try await receive(pushedAs: uri, with: parameters, of: client)
            }
            guard !requiresPushedRequests, !client.requestRules.arePushed else {
                throw OAuthError.invalidRequest("the request must be pushed first")
            }
            return try await receive(parameters, of: client)
        } catch let error as OAuthError { throw error.leading(to: client.wayBack) }
    }

    /// Verifies the redirect URI of a request that its client pushes (RFC 9126 §2.1).
    func receive(pushed parameters: Parameters, by client: AuthenticatedClient) async throws -> RedirectableRequest {
        guard parameters["request_uri"] == nil else {
            throw OAuthError.invalidRequest("request_uri must not be pushed")
        }
        return try await receive(parameters, of: client.client)
    }

    private func receive(_ parameters: Parameters, of client: Client) async throws -> RedirectableRequest {
        let parameters = try await objects.resolve(parameters, of: client)
        let redirect = try VerifiedRedirect(parameters, for: client)
        Decision.note("The redirect_uri is registered for the client \(client.id).")
        return RedirectableRequest(client: client, redirect: redirect, content: .parameters(parameters))
    }

    /// Other parameters than `client_id` and `request_uri` are ignored (RFC 9126 §4; RFC 9101 §5).
    private func receive(
        pushedAs uri: String, with parameters: Parameters, of client: Client
    ) async throws -> RedirectableRequest {
        guard parameters["request"] == nil else {
            throw OAuthError.invalidRequest("send request or request_uri, not both")
        }
        let request = try await pushed.find(uri, of: client)
        // The registration may have changed since.
        guard request.isPossible(for: client) else {
            throw OAuthError.invalidRequestURI("the client's registration no longer allows the request")
        }
        Decision.note("The authorization request was pushed by the client \(client.id).")
        return RedirectableRequest(client: client, redirect: request.redirect, content: .pushed(request))
    }

    /// Checks the rest of the request. Throws the errors of RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6.
    func check(_ request: RedirectableRequest) async throws -> AuthorizationRequest {
        switch request.content {
        case .pushed(let checked): return checked
        case .parameters(let parameters):
            let checked = try AuthorizationRequest(
                parameters, from: request.client, to: request.redirect, known: try await resources.catalog(),
                attributes: try await attributes.catalog().claims(for: request.client.id),
                subject: try await hints.subject(parameters))
            // Initiating User Registration §4.1.
            guard hasSignUpPage || !checked.prompt.contains(.create) else {
                throw OAuthError.invalidRequest("prompt create is not supported: sign-up is not open")
            }
            Decision.note("The authorization request is valid for scope \"\(checked.scope.text)\".")
            return checked
        }
    }
}
