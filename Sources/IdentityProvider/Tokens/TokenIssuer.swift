import FoundationEssentials
import JOSE
import Tracing

/// Makes the tokens of a redemption, and the answer that carries them (RFC 6749 §5.1).
struct TokenIssuer: Sendable {
    let issuer: Issuer
    let lifetimes: Lifetimes
    let entitlements: CachedEntitlements
    let ring: KeyRing
    let sealer: Sealer
    let now: @Sendable () -> Date
    /// Taken once: the system casts its instrument anew each time that it is asked for a tracer.
    private let tracer = InstrumentationSystem.tracer

    init(_ core: Core) {
        issuer = core.issuer
        lifetimes = core.settings.lifetimes
        entitlements = core.entitlements
        ring = core.keys
        sealer = core.sealer
        now = core.now
    }

    func issue(_ redemption: Redemption, to client: Client, withIDToken: Bool = true) async throws -> JSONObject {
        let audience = redemption.target.servers
        let access = accessToken(redemption, for: redemption.target)
        // As they are now: a refresh brings what was given or withdrawn since.
        let held =
            if let user = redemption.user { try await entitlements.entitlements(of: user) } else { Entitlements() }
        let accessToken = try await encode(
            access, for: audience, with: redemption.user == nil ? [:] : held.claims(for: audience))
        var answer: JSONObject = [
            "access_token": .string(accessToken), "token_type": "Bearer",
            "expires_in": .integer(Int(access.expiresAt.timeIntervalSince(access.issuedAt).rounded())),
            "scope": .string(redemption.scope.text),
        ]
        if let authorization = redemption.authorization, client.grantTypes.contains(.refreshToken) {
            let token = RefreshToken(authorization: authorization.id, generation: authorization.generation)
            answer["refresh_token"] = .string(try sealer.seal(token, for: .refreshToken))
        }
        if withIDToken, let user = redemption.user, redemption.scope.contains(Scope.openID) {
            let idToken = IDToken(
                issuer: issuer, client: client, granted: redemption.granted, user: user, entitlements: held,
                scope: redemption.scope, accessToken: accessToken, issuedAt: access.issuedAt,
                expiresAt: access.issuedAt.addingTimeInterval(lifetimes.idToken))
            answer["id_token"] = .string(
                try await sign(idToken.claims, type: "JWT", by: client.idTokenAlgorithm))
        }
        return answer
    }

    private func accessToken(_ redemption: Redemption, for target: TokenTarget) -> AccessToken {
        let moment = now()
        let granted = redemption.granted
        // A token for several resource servers lives no longer than the strictest of them allows.
        let lifetime =
            target.servers.compactMap(\.accessTokenLifetime).map(TimeInterval.init).min() ?? lifetimes.accessToken
        return AccessToken(
            id: AccessToken.makeID(below: redemption.authorization?.id),
            authorization: redemption.authorization?.id, client: granted.client, user: granted.user,
            scope: target.tokenScope,
            audience: target.servers.map(\.identifier) + (target.includesIssuer ? [issuer.identifier] : []),
            issuedAt: moment,
            expiresAt: moment.addingTimeInterval(lifetime), authenticatedAt: granted.authenticatedAt,
            amr: granted.amr, acr: granted.acr)
    }

    /// `entitlements` stand in a JWT; of an opaque token introspection tells.
    private func encode(
        _ token: AccessToken, for audience: [ResourceServer], with entitlements: JSONObject
    ) async throws -> String {
        if audience.contains(where: { $0.format == .opaque }) { return try sealer.seal(token, for: .accessToken) }
        var claims = token.claims(issuer: issuer)
        claims.merge(entitlements)
        return try await sign(claims, type: "at+jwt", by: .es256)
    }

    private func sign(_ claims: JSONObject, type: String, by algorithm: SignatureAlgorithm) async throws -> String {
        try await tracer.withSpan("jwt.sign") { span in
            if span.isRecording { span.attributes["jwt.alg"] = algorithm.rawValue }
            return try await JWT.sign(claims, type: type, with: ring.signer(for: algorithm))
        }
    }
}
