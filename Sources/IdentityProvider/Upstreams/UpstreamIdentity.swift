import FoundationEssentials
import JOSE

/// What an upstream said about a user in a response that passed every check. Only `UpstreamClient` creates one.
struct UpstreamIdentity: Sendable {
    let upstream: Identifier<Upstream>
    /// The upstream's `sub`: 1 to 255 bytes, compared exactly.
    let subject: String
    /// The claims of the ID Token and of the userinfo endpoint, under the upstream's names.
    var claims: JSONObject
    /// The address as the upstream wrote it. Proves nothing unless `isEmailVerified`.
    let email: String?
    /// Whether the upstream vouches for the address, according to its rule for verification.
    let isEmailVerified: Bool
    /// The context that the sign-in proves, according to the upstream's assurance rules.
    let context: AuthenticationContext
    /// When the user signed in there; `nil` if the upstream didn't say.
    let authenticatedAt: Date?
    /// The upstream's session, if it named one.
    let session: String?
    let idToken: String?
    let tokens: UpstreamTokens
}

/// The tokens of an upstream for one user.
struct UpstreamTokens: Codable, Sendable {
    let accessToken: String
    let refreshToken: String?
    let scope: String?
    let expiresAt: Date?

    private enum CodingKeys: String, CodingKey { case accessToken, refreshToken, scope, expiresAt }
}
