import FoundationEssentials
import JOSE

/// The authorization code grant (RFC 6749 §4.1.3) with PKCE (RFC 7636 §4.6).
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
        let code = try VerifiedCode(request, opening: sealer, at: now())
        // The token request may name a subset of the authorization request's resources (RFC 8707 §2.2).
        let (client, catalog) = (request.client.client, try await resources.catalog())
        let details = try catalog.details(request.parameters, within: code.granted.details, of: client)
        let target = try TokenTarget(
            code.granted.scope, details, of: client, in: catalog,
            granted: code.granted.resources, requested: request.parameters.all("resource"))
        let user = try await user(of: code)
        try await requireSession(of: code)
        return Redemption(try await spend(code, request), of: user, for: target)
    }

    private func user(of code: VerifiedCode) async throws -> User {
        guard let id = code.granted.user, let user = try await users.findEnabled(id) else {
            Decision.note("The user for whom the code was issued was disabled or removed.")
            throw OAuthError.invalidGrant("the code is no longer valid")
        }
        return user
    }

    /// Throws if the session has ended or exceeded the idle limit. `spend` checks again in its transaction.
    private func requireSession(of code: VerifiedCode) async throws {
        guard try await sessions.find(code.session, at: now()) == nil else { return }
        // If the code was already redeemed, its offline access may have outlived the session.
        try await authorizations.revoke(code.id, at: now())
        Decision.note("The session in which the code was issued has ended.")
        throw OAuthError.invalidGrant("the code is no longer valid")
    }

    /// Redeems the code. Must come last, so that a thief without the verifier can't use up the code. A replay revokes
    /// the tokens of the first redemption (RFC 6749 §4.1.2).
    private func spend(_ code: VerifiedCode, _ request: TokenRequest) async throws -> Authorization {
        let client = request.client.client
        let granted = code.granted.begun(at: now(), boundTo: client.isPublic ? request.proof.confirmation : nil)
        let authorization = Authorization(
            id: code.id, granted: granted,
            expiresAt: RefreshLifetime.kept(granted, for: client, lifetimes, at: now()))
        guard
            try await authorizations.create(
                authorization, interest: client.logoutRules.interest, at: now())
        else {
            try await authorizations.revoke(code.id, at: now())
            Decision.note("The code was already used, so its authorization is revoked (RFC 6749 §4.1.2).")
            audit.record(.codeReplayed, user: granted.user, client: client.id, session: code.session)
            throw OAuthError.invalidGrant("the code was already used")
        }
        return authorization
    }
}

/// A valid code, presented by its client with the redirect URI and verifier of the authorization request.
private struct VerifiedCode {
    let id: Identifier<Authorization>
    let granted: Granted
    /// The session in which the code was issued. `AuthorizationStore.create` checks it against what is granted.
    let session: Identifier<Session>

    /// Throws `invalid_grant` (RFC 6749 §5.2).
    init(_ request: TokenRequest, opening sealer: Sealer, at now: Date) throws(OAuthError) {
        let text = try request.parameters.required("code")
        guard let code = try? sealer.open(AuthorizationCode.self, from: text, for: .authorizationCode) else {
            Decision.note("The code was not issued by this issuer.")
            throw .invalidGrant("the code is not valid")
        }
        try code.check(request, at: now)
        Decision.note(
            "The code was issued to this client and has not expired; redirect_uri and code_verifier match the "
                + "authorization request (RFC 6749 §4.1.3, RFC 7636 §4.6).")
        guard let session = code.granted.session else { throw .invalidGrant("the code is not valid") }
        id = code.id
        granted = code.granted
        self.session = session
    }
}

extension AuthorizationCode {
    /// RFC 6749 §4.1.3; RFC 7636 §4.6; RFC 9700 §2.1.1, §4.8.2; RFC 9449 §10. Throws `invalid_grant`.
    fileprivate func check(_ request: TokenRequest, at now: Date) throws(OAuthError) {
        let parameters = request.parameters
        guard granted.client == request.client.id else { throw .invalidGrant("the code was issued to another client") }
        guard now < expiresAt else { throw .invalidGrant("the code has expired") }
        guard try parameters.required("redirect_uri").isExactly(redirectURI) else {
            throw .invalidGrant("redirect_uri does not match the authorization request")
        }
        guard dpopKey == nil || dpopKey == request.proof.dpop?.key else {
            throw .invalidGrant("the DPoP proof is not by the key that the code is bound to")
        }
        let verifier = parameters["code_verifier"]
        switch (pkce, verifier) {
        case (let pkce?, let verifier?):
            guard pkce.accepts(verifier) else { throw .invalidGrant("code_verifier does not match code_challenge") }
        case (_?, nil): throw .invalidGrant("code_verifier is missing")
        // A verifier without a challenge indicates that an attacker removed the challenge: a PKCE downgrade
        // (RFC 9700 §4.8.2).
        case (nil, _?): throw .invalidGrant("the authorization request had no code_challenge")
        case (nil, nil): break
        }
    }
}
