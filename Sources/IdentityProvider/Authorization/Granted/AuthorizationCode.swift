import FoundationEssentials
import JOSE

/// The content of a sealed authorization code (RFC 6749 §4.1.2). Nothing is stored until the code is redeemed.
struct AuthorizationCode: Codable, Sendable {
    /// The identifier of the authorization that redeeming the code creates. A second redemption finds it taken.
    let id: Identifier<Authorization>
    let granted: Granted
    let redirectURI: String
    let pkce: PKCE?
    let expiresAt: Date
    /// The thumbprint of the DPoP key that the client must prove to have (RFC 9449 §10).
    var dpopKey: String?

    private enum CodingKeys: String, CodingKey {
        case id, granted, redirectURI, pkce, expiresAt, dpopKey
    }
}
