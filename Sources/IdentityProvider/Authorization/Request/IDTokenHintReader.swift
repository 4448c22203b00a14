import FoundationEssentials
import JOSE

/// The content of an `id_token_hint` (OpenID Connect Core §3.1.2.1; RP-Initiated Logout §2).
struct IDTokenHint: Sendable {
    let subject: Identifier<User>
    let clients: [Identifier<Client>]
    let session: Identifier<Session>?
}

/// Reads ID Token hints. The signature must be ours, but the token may have expired, because a hint proves nothing.
struct IDTokenHintReader: Sendable {
    let issuer: Issuer
    let ring: KeyRing
    let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        ring = core.keys
        now = core.now
    }

    /// Returns the user named by `id_token_hint`, if the parameter is present.
    func subject(_ parameters: Parameters) async throws -> Identifier<User>? {
        try await hint(parameters)?.subject
    }

    /// Returns the parsed `id_token_hint`, if the parameter is present. Throws `invalid_request` if this issuer didn't
    /// issue the token.
    func hint(_ parameters: Parameters) async throws -> IDTokenHint? {
        guard let token = parameters["id_token_hint"] else { return nil }
        // Signed userinfo and authorization responses never have both `iat` and `exp`.
        let rules = JWTRules(
            algorithms: Set(KeyRing.algorithms), issuer: issuer.identifier, types: ["JWT"], expiry: .ignored,
            required: ["sub", "aud", "exp", "iat"])
        let keys = ring.verificationKeys
        do {
            let claims = try JWT(validating: token, with: keys, rules: rules, at: now()).claims
            return IDTokenHint(
                subject: Identifier(rawValue: claims["sub"]?.string ?? ""),
                clients: claims.audience.map(Identifier<Client>.init),
                session: claims["sid"]?.string.map(Identifier<Session>.init))
        } catch {
            throw OAuthError.invalidRequest(
                "id_token_hint is not an ID Token from this issuer", reason: .hintInvalid, cause: error)
        }
    }
}
