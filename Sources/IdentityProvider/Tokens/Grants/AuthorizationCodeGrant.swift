import FoundationEssentials
import JOSE

/// RFC 6749 §4.1.3, with PKCE (RFC 7636 §4.6).
struct AuthorizationCodeGrant: Grant {
    let sealer: Sealer
    let lifetimes: Lifetimes
    let resources: CachedResourceServers
    let users: any UserStore
    let sessions: any SessionStore
    let authorizations: any AuthorizationStore
    let audit: AuditLog
    let now: @Sendable () -> Date
    static let type = GrantType.authorizationCode

    init(_ core: Core) {
        sealer = core.sealer
        lifetimes = core.settings.lifetimes
        resources = core.resources
        users = core.stores.users
        sessions = core.stores.sessions
        authorizations = core.stores.authorizations
        audit = core.audit
        now = core.now
    }

    func redeem(_ request: TokenRequest) async throws -> Redemption {
        let (client, parameters) = (request.client, request.parameters)
        let text = try parameters.required("code")
        guard let code = try? sealer.open(AuthorizationCode.self, from: text, for: .authorizationCode) else {
            Decision.note("The code is none that this issuer made.")
            throw OAuthError.invalidGrant("the code is not valid")
        }
        try code.check(request, at: now())
        Decision.note(
            "The code was issued to this client and has not expired; redirect_uri and code_verifier are those of the "
                + "authorization request (RFC 6749 §4.1.3, RFC 7636 §4.6).")
        // A person's code comes out of a session, which the store compares with it.
        guard let session = code.granted.session else { throw OAuthError.invalidGrant("the code is not valid") }
        // RFC 8707 §2.2: the token request may name some of the resources of the authorization request.
        let target = try TokenTarget(
            code.granted.scope, of: client.client, in: await resources.catalog(), granted: code.granted.resources,
            requested: parameters.all("resource"))
        guard let id = code.granted.user, let user = try await users.findEnabled(id) else {
            Decision.note("The user for whom the code was issued was disabled or removed.")
            throw OAuthError.invalidGrant("the code is not valid any more")
        }
        // Idle sessions end here; the transaction below checks that the session has not ended in the meantime.
        guard try await sessions.find(session, at: now()) != nil else {
            // If the code was used before, the offline access that it bought has outlived the session.
            try await authorizations.revoke(code.id, at: now())
            Decision.note("The session that the code was issued in has ended.")
            throw OAuthError.invalidGrant("the code is not valid any more")
        }
        let granted = code.granted.begun(at: now())
        let authorization = Authorization(
            id: code.id, granted: granted,
            expiresAt: RefreshLifetime.kept(granted, for: client.client, lifetimes, at: now()))
        // Spent only now: a thief without the verifier must not be able to burn the code. A second use revokes what
        // the first one bought (RFC 6749 §4.1.2).
        guard try await authorizations.create(authorization, at: now()) else {
            try await authorizations.revoke(code.id, at: now())
            Decision.note("The code was used before, so what it bought is revoked (RFC 6749 §4.1.2).")
            audit.record(.codeReplayed, user: id, client: client.id, session: code.granted.session)
            throw OAuthError.invalidGrant("the code was used before")
        }
        return Redemption(authorization, of: user, for: target)
    }
}

extension AuthorizationCode {
    /// RFC 6749 §4.1.3; RFC 7636 §4.6; RFC 9700 §2.1.1, §4.8.2. Throws `invalid_grant`.
    fileprivate func check(_ request: TokenRequest, at now: Date) throws(OAuthError) {
        let parameters = request.parameters
        guard granted.client == request.client.id else { throw .invalidGrant("the code was issued to another client") }
        guard now < expiresAt else { throw .invalidGrant("the code has expired") }
        guard try parameters.required("redirect_uri").isExactly(redirectURI) else {
            throw .invalidGrant("redirect_uri is not that of the authorization request")
        }
        let verifier = parameters["code_verifier"]
        switch (pkce, verifier) {
        case (let pkce?, let verifier?):
            guard pkce.accepts(verifier) else { throw .invalidGrant("code_verifier is wrong") }
        case (_?, nil): throw .invalidGrant("code_verifier is missing")
        // A verifier without a challenge is the sign of a stripped challenge: a downgrade (RFC 9700 §4.8.2).
        case (nil, _?): throw .invalidGrant("the authorization request had no code_challenge")
        case (nil, nil): break
        }
    }
}
