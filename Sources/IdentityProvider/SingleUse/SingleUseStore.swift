package import FoundationEssentials

/// Remembers values that may be used once, or no more, until they expire by themselves: the `jti` of a client
/// assertion, of a revoked access token, a link in a mail, a ticket.
package protocol SpentStore: Sendable {
    /// `true` for the first call with this value and purpose, `false` for all others.
    func spend(_ value: String, for purpose: SpentPurpose, until expiry: Date) async throws -> Bool
    func isSpent(_ value: String, for purpose: SpentPurpose) async throws -> Bool
}

package enum SpentPurpose: String, Sendable {
    case clientAssertion = "client assertion"
    case accessToken = "access token"
    case passkeyChallenge = "passkey challenge"
    case mailLink = "mail link"
    case mail = "mail"
    case emailCode = "e-mail code"
    case forwardTicket = "forward ticket"
    case signInTicket = "sign-in ticket"
    case failedAttempt = "failed attempt"
    case successfulAttempt = "successful attempt"
}
