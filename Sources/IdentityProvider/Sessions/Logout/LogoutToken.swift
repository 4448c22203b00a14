import FoundationEssentials
import JOSE

/// The statement to a client that a session has ended (OpenID Connect Back-Channel Logout §2.4).
struct LogoutToken: Sendable {
    let issuer: Issuer
    let notice: LogoutNotice
    let issuedAt: Date

    /// `logout+jwt` and the absence of `nonce` keep it from being taken for an ID Token (§2.4, §4).
    static let type = "logout+jwt"
    /// In seconds. Each attempt has a token of its own.
    private static let lifetime = 120

    var claims: JSONObject {
        let start = Int(issuedAt.timeIntervalSince1970)
        return [
            "iss": .string(issuer.identifier), "aud": .string(notice.client.rawValue), "iat": .integer(start),
            "exp": .integer(start + Self.lifetime), "jti": .string(notice.id.rawValue),
            "events": [UpstreamLogoutToken.event: [:]], "sub": .string(notice.user.rawValue),
            "sid": .string(notice.session.rawValue),
        ]
    }
}
