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

    /// RFC 6749 §4.1.3; RFC 7636 §4.6; RFC 9700 §2.1.1, §4.8.2. Throws `invalid_grant`.
    func check(_ request: TokenRequest, at now: Date) throws(OAuthError) {
        let parameters = request.parameters
        guard granted.client == request.client.id else { throw .invalidGrant("the code was issued to another client") }
        guard now < expiresAt else { throw .invalidGrant("the code has expired") }
        guard try parameters.required("redirect_uri").isExactly(redirectURI) else {
            throw .invalidGrant("redirect_uri is not that of the authorization request")
        }
        let verifier = parameters["code_verifier"]
        switch (pkce, verifier) {
        case (let pkce?, let verifier?):
            guard pkce.accepts(verifier) else { throw .invalidGrant("code_verifier is wrong") }
        case (_?, nil): throw .invalidGrant("code_verifier is missing")
        // A verifier without a challenge is the sign of a stripped challenge: a downgrade (RFC 9700 §4.8.2).
        case (nil, _?): throw .invalidGrant("the authorization request had no code_challenge")
        case (nil, nil): break
        }
    }
}
