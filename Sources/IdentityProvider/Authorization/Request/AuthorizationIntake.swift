/// A request to authorize whose client and redirect URI are verified: from here on its errors may be redirected.
struct RedirectableRequest: Sendable {
    let client: Client
    let redirect: VerifiedRedirect
    fileprivate let parameters: Parameters
}

/// Takes in authorization requests: parameters → client → `VerifiedRedirect` → `AuthorizationRequest`. Knows nothing of how
/// the parameters arrived.
struct AuthorizationIntake: Sendable {
    private let clients: any ClientStore
    private let resources: CachedResourceServers
    private let hints: IDTokenHintReader

    init(_ core: Core) {
        clients = core.clients
        resources = core.resources
        hints = IDTokenHintReader(core)
    }

    /// Throws `invalid_request`, which must be shown: nothing may be redirected yet (RFC 6749 §4.1.2.1).
    func receive(_ parameters: Parameters) async throws -> RedirectableRequest {
        let client = try await clients.registered(Identifier(rawValue: parameters.required("client_id")))
        let redirect: VerifiedRedirect
        do { redirect = try VerifiedRedirect(parameters, for: client) } catch {
            var error = error
            error.next = client.wayBack
            throw error
        }
        Decision.note("The client \(client.id) registered this redirect_uri.")
        return RedirectableRequest(client: client, redirect: redirect, parameters: parameters)
    }

    /// Throws the errors of RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6.
    func check(_ request: RedirectableRequest) async throws -> AuthorizationRequest {
        let checked = try AuthorizationRequest(
            request.parameters, from: request.client, to: request.redirect, known: try await resources.catalog(),
            subject: try await hints.subject(request.parameters))
        Decision.note("The authorization request is valid for scope \"\(checked.scope.text)\".")
        return checked
    }
}
