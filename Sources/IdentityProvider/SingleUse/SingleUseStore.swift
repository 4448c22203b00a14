package import FoundationEssentials

/// Remembers values that may be used only once, or no longer, until they expire: the `jti` of a client assertion or a
/// revoked access token, a link in an email, a ticket.
package protocol SingleUseStore: Sendable {
    /// Returns `true` for the first call with this value and purpose, `false` for all others.
    func consume(_ value: String, for purpose: SingleUsePurpose, until expiry: Date) async throws -> Bool
    func isConsumed(_ value: String, for purpose: SingleUsePurpose) async throws -> Bool
}

package enum SingleUsePurpose: String, Sendable {
    case clientAssertion = "client assertion"
    case accessToken = "access token"
    case dpopProof = "DPoP proof"
    case passkeyChallenge = "passkey challenge"
    case mailLink = "mail link"
    case mail = "mail"
    case emailCode = "e-mail code"
    case forwardTicket = "forward ticket"
    case signInTicket = "sign-in ticket"
    case upstreamState = "upstream state"
    case failedAttempt = "failed attempt"
    case successfulAttempt = "successful attempt"
    case logoutToken = "logout token"
    case upstreamSession = "upstream session"
    case deviceApproval = "device approval"
}
