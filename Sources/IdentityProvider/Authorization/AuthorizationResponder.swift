import FoundationEssentials
import JOSE

/// Creates authorization responses (RFC 6749 §4.1.2, §4.1.2.1), always with `iss` (RFC 9207 §2).
struct AuthorizationResponder: Sendable {
    let issuer: Issuer
    let clients: any ClientStore
    let sealer: Sealer
    let signer: TokenSigner
    let sessionStates: SessionStates
    /// Lifetime of authorization codes, in seconds.
    let lifetime: TimeInterval
    let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        clients = core.clients
        sealer = core.sealer
        signer = TokenSigner(core)
        sessionStates = SessionStates(core)
        lifetime = core.settings.lifetimes.authorizationCode
        now = core.now
    }

    func respond(
        to authorization: AuthorizationRequest, for session: Session, acr: String, _ request: Request
    ) async throws -> Response {
        let granted = Granted(
            client: authorization.client, user: session.user, session: session.id, scope: authorization.scope,
            details: authorization.details, resources: authorization.resources, nonce: authorization.nonce,
            claims: authorization.claims,
            authenticatedAt: session.authTime, sessionEndsAt: session.expiresAt, amr: session.amr, acr: acr,
            satisfying: session.satisfied)
        let code = AuthorizationCode(
            id: .random(), granted: granted, redirectURI: authorization.redirect.uri, pkce: authorization.pkce,
            expiresAt: now().addingTimeInterval(lifetime), dpopKey: authorization.dpopKey)
        let answer = [(name: "code", value: try sealer.seal(code, for: .authorizationCode))]
        return try await send(answer, to: authorization.redirect, of: authorization.client, request)
    }

    func redirect(
        _ error: OAuthError, to redirect: VerifiedRedirect, of client: Identifier<Client>, _ request: Request
    ) async throws -> Response {
        let answer = [(name: "error", value: error.code.rawValue), ("error_description", error.description)]
        return try await send(answer, to: redirect, of: client, request)
    }

    private func send(
        _ answer: [(name: String, value: String)], to redirect: VerifiedRedirect, of client: Identifier<Client>,
        _ request: Request
    ) async throws -> Response {
        var answer = answer + (redirect.state.map { [("state", $0)] } ?? [])
        let state = try await sessionStates.state(for: client, at: redirect.uri, in: request)
        if let state { answer.append(("session_state", state.value)) }
        if redirect.mode.isSigned {
            answer = [("response", try await signed(answer, for: client))]
        } else {
            answer.append(("iss", issuer.identifier))
        }
        let response: Response =
            switch redirect.mode.place {
            case .query: .redirect(to: redirect.location(adding: answer))
            case .fragment: .redirect(to: redirect.location(withFragment: answer))
            case .form: .page(FormPostPage.make(answer, to: redirect))
            }
        return response.setting(state?.cookie)
    }

    /// Returns the response as a JWT, which has the issuer inside (JARM §2.1).
    private func signed(_ answer: [(name: String, value: String)], for client: Identifier<Client>) async throws
        -> String
    {
        var claims: JSONObject = [
            "iss": .string(issuer.identifier), "aud": .string(client.rawValue),
            "exp": .integer(Int(now().timeIntervalSince1970) + Self.signedLifetime),
        ]
        for (name, value) in answer { claims[name] = .string(value) }
        let algorithm = try await clients.registered(client).algorithms.authorizationResponse
        return try await signer.sign(claims, type: "JWT", by: algorithm)
    }

    /// In seconds: time for the browser to reach the client. At most ten minutes (JARM §2.1).
    private static let signedLifetime = 120
}
