import FoundationEssentials

/// Everything the provider seals. The names are part of the key derivation and must not change.
extension SealedPurpose {
    static let interaction = transit("interaction") { $0.interaction }
    static let authorizationCode = transit("authorization code") { $0.authorizationCode }
    static let refreshToken = transit("refresh token") { max($0.refreshToken, $0.session) }
    static let accessToken = transit("access token") { $0.longestToken }
    static let passkeyCeremony = transit("passkey ceremony") { $0.factor }
    static let signOut = transit("sign-out") { $0.interaction }
    static let emailCode = transit("e-mail code") { $0.factor }
    static let totpOffer = transit("authenticator app offered") { $0.interaction }
    static let upstreamSignOut = transit("upstream sign-out") { $0.interaction }
    static let upstreamAttempt = transit("upstream attempt") { $0.interaction }
    static let upstreamResponse = transit("upstream response") { $0.interaction }
    static let upstreamIDToken = transit("upstream ID token") { $0.session }
    static let dpopNonce = transit("DPoP nonce") { _ in DPoPNonces.lifetime }
    /// As long as the interaction that uses it.
    static let pushedRequest = transit("pushed request") { $0.pushedRequest + $0.interaction }
    static let deviceRequest = transit("device request") { $0.deviceCode }
    static let deviceAnswer = transit("device answer") { $0.deviceCode }
    static let deviceApproval = transit("device approval") { $0.deviceCode }
    static let privateKey = rest("private key")
    static let clientSecret = rest("client secret")
    static let mail = rest("mail")
    static let oneTimePasswordSecret = rest("one-time password secret")
    static let upstreamSecret = rest("upstream secret")
    static let upstreamTokens = rest("upstream tokens")
    static let streamAuthorization = rest("event stream authorization")
    static let securityEvent = rest("security event")

    /// Returns the longest lifetime of a value in transit, in seconds.
    static func longestLifetime(_ lifetimes: Lifetimes) -> TimeInterval {
        let all =
            [
                refreshToken, accessToken, interaction, pushedRequest, deviceRequest, passkeyCeremony, forwardPass,
                upstreamIDToken,
            ]
            + MailLinkPurpose.all.map(\.sealed)
        return all.compactMap { $0.lifetime?(lifetimes) }.max() ?? 0
    }
}
