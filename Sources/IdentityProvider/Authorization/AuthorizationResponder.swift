import FoundationEssentials

/// Creates authorization responses (RFC 6749 §4.1.2, §4.1.2.1), always with `iss` (RFC 9207 §2).
struct AuthorizationResponder: Sendable {
    let issuer: Issuer
    let sealer: Sealer
    /// Lifetime of authorization codes, in seconds.
    let lifetime: TimeInterval
    let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        sealer = core.sealer
        lifetime = core.settings.lifetimes.authorizationCode
        now = core.now
    }

    func respond(to request: AuthorizationRequest, for session: Session, acr: String) async throws -> Response {
        let granted = Granted(
            client: request.client, user: session.user, session: session.id, scope: request.scope,
            resources: request.resources, nonce: request.nonce, claims: request.claims,
            authenticatedAt: session.authTime, sessionEndsAt: session.expiresAt, amr: session.amr, acr: acr,
            satisfying: session.satisfied)
        let code = AuthorizationCode(
            id: .random(), granted: granted, redirectURI: request.redirect.uri, pkce: request.pkce,
            expiresAt: now().addingTimeInterval(lifetime))
        return try await send([("code", try sealer.seal(code, for: .authorizationCode))], to: request.redirect)
    }

    func redirect(_ error: OAuthError, to redirect: VerifiedRedirect) async throws -> Response {
        try await send([("error", error.code.rawValue), ("error_description", error.description)], to: redirect)
    }

    private func send(_ answer: [(name: String, value: String)], to redirect: VerifiedRedirect) async throws
        -> Response
    {
        let answer = answer + [("iss", issuer.identifier)]
        return switch redirect.mode {
        case .query: .redirect(to: redirect.location(adding: answer))
        case .formPost: .page(FormPostPage.make(answer, to: redirect))
        }
    }
}
