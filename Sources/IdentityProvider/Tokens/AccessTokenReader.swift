import FoundationEssentials
import JOSE

/// Tells whether an access token is ours and good now.
struct AccessTokenReader: Sendable {
    let issuer: Issuer
    let sealer: Sealer
    let ring: KeyRing
    let clients: any ClientStore
    let authorizations: any AuthorizationStore
    let spent: any SpentStore
    let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        sealer = core.sealer
        ring = core.keys
        clients = core.clients
        authorizations = core.stores.authorizations
        spent = core.stores.spent
        now = core.now
    }

    /// The token, if we issued it and it has not expired; it may have been revoked since.
    func read(_ text: String) async throws -> AccessToken? {
        guard text.contains(".") else {
            guard let token = try? sealer.open(AccessToken.self, from: text, for: .accessToken) else { return nil }
            return token.expiresAt > now() ? token : nil
        }
        // `typ` keeps an ID Token from standing in for an access token (RFC 9068 §4).
        let rules = JWTRules(
            algorithms: Set(KeyRing.algorithms), issuer: issuer.identifier, types: ["at+jwt"], expiry: .required,
            skew: 0, required: ["sub", "client_id", "jti", "iat"])
        guard let jwt = try? JWT(validating: text, with: ring.verificationKeys, rules: rules, at: now()) else {
            return nil
        }
        return AccessToken(claims: jwt.claims)
    }

    /// As `read`, but `nil` also for a token that was revoked, with its authorization or alone, and for one whose client
    /// is disabled or gone.
    func active(_ text: String) async throws -> AccessToken? { try await activeWithGrant(text)?.token }

    /// Like `activeWithGrant`, but also `nil` for a token with another audience (RFC 9068 §4).
    func presented(_ text: String, to audience: String) async throws -> (token: AccessToken, granted: Granted?)? {
        guard let found = try await activeWithGrant(text) else { return nil }
        guard found.token.audience.contains(audience) else {
            Decision.note("The access token is not for \(audience) (RFC 9068 §4).")
            return nil
        }
        return found
    }

    /// As `active`, with what was granted to whom when it is a person's.
    func activeWithGrant(_ text: String) async throws -> (token: AccessToken, granted: Granted?)? {
        guard let token = try await read(text), try await isEnabled(token.client) else { return nil }
        guard let parent = token.authorization else {
            // Without an authorization a token cannot name a user: a sealing key alone must not make up a sign-in.
            guard token.user == nil else { return nil }
            return try await spent.isSpent(token.id, for: .accessToken) ? nil : (token, nil)
        }
        guard let authorization = try await authorizations.find(parent), authorization.revokedAt == nil,
            authorization.grant.user == token.user, authorization.grant.client == token.client,
            token.scope.isSubset(of: authorization.grant.scope)
        else { return nil }
        return (token, authorization.grant)
    }

    private func isEnabled(_ id: Identifier<Client>) async throws -> Bool {
        guard try await clients.findEnabled(id) != nil else {
            Decision.note("The client that the access token was issued to is disabled or gone.")
            return false
        }
        return true
    }
}
