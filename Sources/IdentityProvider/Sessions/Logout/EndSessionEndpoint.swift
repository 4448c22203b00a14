import FoundationEssentials
import HTTPTypes
import JOSE

extension Path { static let endSession = Path("/logout") }

/// OpenID Connect RP-Initiated Logout §2.
struct EndSessionEndpoint: Endpoint {
    let issuer: Issuer
    let clients: any ClientStore
    let hints: IDTokenHintReader
    let flow: SignOut
    let routes = [Route.get(.endSession, rateLimit: .requests), .post(.endSession, rateLimit: .requests)]

    init(_ core: Core) {
        issuer = core.issuer
        clients = core.clients
        hints = IDTokenHintReader(core)
        flow = SignOut(core)
    }

    func respond(to request: Request) async throws -> Response {
        if request.method == .get, request.parameters["request"] != nil {
            return try await flow.proceed(flow.open(request), request)
        }
        let parameters = request.parameters
        let hint = try await hints.hint(parameters)
        let client = try await client(parameters["client_id"], hint)
        let signOut: SignOutRequest
        do { signOut = try SignOutRequest(parameters, hint: hint, client: client) } catch {
            throw error.leading(to: client?.wayBack)
        }
        // The session cookie is not sent with a cross-site POST, but with the GET that follows the redirect.
        guard request.method != .post else { return .redirect(to: try flow.location(.endSession, signOut)) }
        return try await flow.proceed(signOut, request)
    }

    func response(to error: OAuthError) -> Response { .page(error) }

    /// Returns the client that requests the sign-out. `client_id` must match the hint (OpenID Connect RP-Initiated
    /// Logout §2).
    private func client(_ claimed: String?, _ hint: IDTokenHint?) async throws -> Client? {
        let claimed = claimed.map(Identifier<Client>.init)
        if let claimed, let hint, !hint.clients.contains(claimed) {
            throw OAuthError.invalidRequest("id_token_hint was issued to another client", reason: .hintInvalid)
        }
        guard let id = claimed ?? hint?.clients.first else { return nil }
        guard let client = try await clients.findEnabled(id) else {
            throw OAuthError.invalidRequest(
                "client_id or id_token_hint names no registered client", reason: .clientUnknown)
        }
        return client
    }

    func describe(in metadata: inout ServerMetadata) {
        metadata["end_session_endpoint"] = metadata.url(.endSession)
        metadata["backchannel_logout_supported"] = true
        metadata["backchannel_logout_session_supported"] = true
        metadata["frontchannel_logout_supported"] = true
        metadata["frontchannel_logout_session_supported"] = true
    }
}
