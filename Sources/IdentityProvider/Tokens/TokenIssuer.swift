import FoundationEssentials
import JOSE

/// Issues the tokens of a redemption (RFC 6749 §5.1).
struct TokenIssuer: Sendable {
    let issuer: Issuer
    let lifetimes: Lifetimes
    let entitlements: CachedEntitlements
    let attributes: CachedAttributes
    let signer: TokenSigner
    let sealer: Sealer
    let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        lifetimes = core.settings.lifetimes
        entitlements = core.entitlements
        attributes = core.attributes
        signer = TokenSigner(core)
        sealer = core.sealer
        now = core.now
    }

    /// Issues the access token, bound to `confirmation`, and a refresh token if the client is registered for that grant.
    /// With `isOpenID`, the scope `openid` adds an ID Token (OpenID Connect Core §3.1.3.3).
    func issue(
        _ redemption: Redemption, to client: Client, boundTo confirmation: Confirmation?, isOpenID: Bool
    ) async throws -> TokenResponse {
        let hasIDToken = isOpenID && redemption.scope.contains(Scope.openID)
        let isOpaque = redemption.target.servers.contains { $0.format == .opaque }
        // Read once, so that the access token and the ID Token agree. Not read if neither carries them, because a
        // failed read would waste a code that has just been redeemed.
        let user = isOpaque && !hasIDToken ? nil : redemption.user
        let entitlements = try await entitlements(of: user)
        let attributes = try await attributes(of: user)
        let token = accessToken(redemption, boundTo: confirmation)
        var response = TokenResponse(
            accessToken: try await encode(token, of: redemption, with: entitlements, attributes), scheme: token.scheme,
            issuedAt: token.issuedAt, expiresAt: token.expiresAt, scope: redemption.scope,
            refreshToken: try refreshToken(
                of: redemption, to: client, boundTo: client.isPublic ? confirmation : nil),
            details: token.details)
        if hasIDToken, let user, let entitlements {
            let token = IDToken(
                issuer: issuer, client: client, granted: redemption.granted, user: user, entitlements: entitlements,
                attributes: attributes, scope: redemption.scope, accessToken: response.accessToken,
                issuedAt: response.issuedAt,
                expiresAt: response.issuedAt.addingTimeInterval(lifetimes.idToken))
            response.idToken = try await signer.sign(token.claims, type: "JWT", by: client.algorithms.idToken)
        }
        return response
    }

    private func entitlements(of user: User?) async throws -> Entitlements? {
        guard let user else { return nil }
        return try await entitlements.entitlements(of: user)
    }

    private func attributes(of user: User?) async throws -> UserAttributes {
        guard let user else { return UserAttributes() }
        return try await attributes.attributes(of: user)
    }

    private func accessToken(_ redemption: Redemption, boundTo confirmation: Confirmation?) -> AccessToken {
        let (granted, target, moment) = (redemption.granted, redemption.target, now())
        // The shortest lifetime among the resource servers applies.
        let lifetime =
            target.servers.compactMap(\.accessTokenLifetime).map(TimeInterval.init).min() ?? lifetimes.accessToken
        return AccessToken(
            id: AccessToken.makeID(below: redemption.authorization?.id),
            authorization: redemption.authorization?.id, client: granted.client, user: granted.user,
            scope: target.tokenScope,
            audience: target.servers.map(\.identifier) + (target.includesIssuer ? [issuer.identifier] : []),
            issuedAt: moment, expiresAt: moment.addingTimeInterval(lifetime),
            authenticatedAt: granted.authenticatedAt, amr: granted.amr, acr: granted.acr,
            confirmation: confirmation, details: target.details)
    }

    /// A JWT carries the user's current entitlements and attributes. An opaque token doesn't, because introspection adds
    /// them.
    private func encode(
        _ token: AccessToken, of redemption: Redemption, with entitlements: Entitlements?, _ attributes: UserAttributes
    ) async throws -> String {
        let servers = redemption.target.servers
        if servers.contains(where: { $0.format == .opaque }) { return try sealer.seal(token, for: .accessToken) }
        var claims = attributes.carried(with: token.scope, from: token.client, to: servers.map(\.identifier))
        claims.merge(token.claims(issuer: issuer))
        if let entitlements { claims.merge(entitlements.claims(for: servers)) }
        return try await signer.sign(claims, type: "at+jwt", by: redemption.target.algorithm)
    }

    private func refreshToken(
        of redemption: Redemption, to client: Client, boundTo confirmation: Confirmation?
    ) throws -> String? {
        guard redemption.hasRefreshToken, let authorization = redemption.authorization,
            client.grantTypes.contains(.refreshToken)
        else { return nil }
        let token = RefreshToken(
            authorization: authorization.id, generation: authorization.generation, confirmation: confirmation)
        return try sealer.seal(token, for: .refreshToken)
    }
}
