import FoundationEssentials

/// Words the answer to the client (RFC 6749 §4.1.2, §4.1.2.1), always with `iss` (RFC 9207 §2).
struct AuthorizationResponder: Sendable {
    let issuer: Issuer
    let sealer: Sealer
    let lifetime: TimeInterval
    let now: @Sendable () -> Date

    func respond(to request: AuthorizationRequest, for session: Session) throws -> Response {
        let granted = Granted(
            client: request.client, user: session.user, session: session.id, scope: request.scope,
            resources: request.resources, nonce: request.nonce, authenticatedAt: session.authenticatedAt,
            amr: session.amr, acr: session.acr)
        let code = AuthorizationCode(
            id: .random(), granted: granted, redirectURI: request.redirect.uri, pkce: request.pkce,
            expiresAt: now().addingTimeInterval(lifetime))
        return redirect([("code", try sealer.seal(code, for: .authorizationCode))], to: request.redirect)
    }

    func redirect(_ error: OAuthError, to redirect: VerifiedRedirect) -> Response {
        self.redirect(
            [("error", error.code.rawValue), ("error_description", error.description)], to: redirect)
    }

    private func redirect(_ answer: [(name: String, value: String)], to redirect: VerifiedRedirect) -> Response {
        .redirect(to: redirect.location(adding: answer + [("iss", issuer.identifier)]))
    }
}
