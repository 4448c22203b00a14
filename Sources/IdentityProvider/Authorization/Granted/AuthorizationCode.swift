import FoundationEssentials
import JOSE

/// A code, sealed: nothing is stored until it is redeemed (RFC 6749 §4.1.2).
struct AuthorizationCode: Codable, Sendable {
    /// What spends it, and what the authorization it buys is called.
    let id: Identifier<Authorization>
    let granted: Granted
    let redirectURI: String
    let pkce: PKCE?
    let expiresAt: Date

    private enum CodingKeys: String, CodingKey {
        case id, granted, redirectURI, pkce, expiresAt
    }
}
