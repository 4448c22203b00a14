import FoundationEssentials
import JOSE

/// A sign-out that an upstream reports, in a token that passed the checks of OpenID Connect Back-Channel Logout §2.6.
struct UpstreamLogoutToken: Sendable {
    let subject: String?
    let session: String?
    let identifier: String
    /// When a copy of the token can't pass the checks anymore.
    let expiresAt: Date

    /// The maximum time since `iat`, in seconds. It bounds how long identifiers are stored, and how long tokens without
    /// `exp` are valid, which earlier drafts didn't require.
    private static let maximumAge: TimeInterval = 300
    static let event = "http://schemas.openid.net/event/backchannel-logout"
    /// Upstreams that don't type their tokens, or only as JWT, predate the final text of §2.4.
    private static let types: Set = ["jwt", "logout+jwt", "application/logout+jwt"]

    /// Throws `JWTError` or `UpstreamMistake`.
    init(
        validating text: String, with keys: JWKSet, from issuer: String, for clientID: String, at now: Date
    ) throws {
        let rules = JWTRules(
            algorithms: Set(SignatureAlgorithm.asymmetric), issuer: issuer, audiences: [clientID], expiry: .ifPresent,
            maximumAge: Self.maximumAge)
        let token = try JWT(validating: text, with: keys, rules: rules, at: now)
        if let type = token.header["typ"], !Self.types.contains(type.string?.lowercased() ?? "") {
            throw UpstreamMistake("typ of the logout token is not logout+jwt")
        }
        let claims = token.claims
        guard claims["events"]?.object?[Self.event]?.object != nil else {
            throw UpstreamMistake("events of the logout token has no member \(Self.event)")
        }
        // Otherwise, an ID Token with that member would do (§2.4).
        guard claims["nonce"] == nil else { throw UpstreamMistake("the logout token has a nonce") }
        guard let identifier = claims["jti"]?.string, !identifier.isEmpty, let time = claims["iat"]?.seconds else {
            throw UpstreamMistake("the logout token has no jti")
        }
        subject = try Self.name("sub", claims)
        session = try Self.name("sid", claims)
        guard subject != nil || session != nil else {
            throw UpstreamMistake("the logout token has neither sub nor sid")
        }
        self.identifier = identifier
        expiresAt = Date(timeIntervalSince1970: time + Self.maximumAge + 2 * rules.skew)
    }

    private static func name(_ claim: String, _ claims: JSONObject) throws -> String? {
        guard let value = claims[claim] else { return nil }
        guard let text = value.string, UpstreamIDToken.isSubject(text) else {
            throw UpstreamMistake("\(claim) of the logout token is not 1 to 255 printable ASCII characters")
        }
        return text
    }
}
