/// An authorization request whose client and redirect URI are verified. From here on, errors may be redirected.
struct RedirectableRequest: Sendable {
    let client: Client
    let redirect: VerifiedRedirect
    fileprivate let parameters: Parameters
}

/// Parses and checks authorization requests: parameters → client → `VerifiedRedirect` → `AuthorizationRequest`. It
/// doesn't depend on how the parameters arrived.
struct AuthorizationIntake: Sendable {
    private let clients: any ClientStore
    private let resources: CachedResourceServers
    private let attributes: CachedAttributes
    private let hints: IDTokenHintReader

    init(_ core: Core) {
        clients = core.clients
        resources = core.resources
        attributes = core.attributes
        hints = IDTokenHintReader(core)
    }

    /// Verifies the client and its redirect URI. Throws `invalid_request`, which must be shown to the user and not
    /// redirected (RFC 6749 §4.1.2.1).
    func receive(_ parameters: Parameters) async throws -> RedirectableRequest {
        let client = try await clients.registered(Identifier(rawValue: parameters.required("client_id")))
        let redirect: VerifiedRedirect
        do { redirect = try VerifiedRedirect(parameters, for: client) } catch {
            throw error.leading(to: client.wayBack)
        }
        Decision.note("The redirect_uri is registered for the client \(client.id).")
        return RedirectableRequest(client: client, redirect: redirect, parameters: parameters)
    }

    /// Checks the rest of the request. Throws the errors of RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6.
    func check(_ request: RedirectableRequest) async throws -> AuthorizationRequest {
        let checked = try AuthorizationRequest(
            request.parameters, from: request.client, to: request.redirect, known: try await resources.catalog(),
            attributes: try await attributes.catalog().claims(for: request.client.id),
            subject: try await hints.subject(request.parameters))
        Decision.note("The authorization request is valid for scope \"\(checked.scope.text)\".")
        return checked
    }
}
