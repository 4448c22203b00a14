package import Authenticators
package import FoundationEssentials

/// What an operator may choose for one issuer. The defaults are safe.
package struct Settings: Sendable {
    package var issuer: Issuer
    /// What people read at the top of a page.
    package var name = "Martlet"
    package var signUp = SignUpPolicy.off
    package var limits = Limits()
    package var lifetimes = Lifetimes()
    package var keyRotation = KeyRotationSchedule()
    /// The weakest sign-in that is enough; clients and roles may demand more.
    package var minimumContext = AuthenticationContext.singleFactor
    package var totp = TOTPSettings()
    /// Whether a code by mail is a second factor.
    package var acceptsEmailCodes = true
    /// Whether requests of the JSON API that name no client come from the built-in one; else nobody knows it.
    package var hasBuiltInClient = true
    /// What follows from unusual sign-ins.
    package var risk = RiskRules()

    package init(issuer: Issuer) { self.issuer = issuer }
}

/// What authenticator apps are set up with from now on; those of before stay as they are.
package struct TOTPSettings: Sendable, Codable, Hashable {
    /// Several apps take no other than SHA-1 and six digits, some without a word.
    package var algorithm = TOTP.Algorithm.sha1
    /// 6 to 8.
    package var digits = 6

    private enum CodingKeys: String, CodingKey {
        case algorithm, digits
    }

    package init() {}

    /// Bytes: as many as the hash has (RFC 6238 §5.1; RFC 4226 §4 R6).
    var secretLength: Int {
        switch algorithm {
        case .sha1: 20
        case .sha256: 32
        case .sha512: 64
        }
    }
}

/// Who may make an account.
package enum SignUpPolicy: String, Sendable {
    /// Administrators alone.
    case off = "off"
    /// Everybody: with an address that a mail proves or, through the JSON API, with a name.
    case open = "open"
    /// Whom an administrator sent a link.
    case invitation = "invitation"
}

/// Bounds of what a request may hold.
package struct Limits: Sendable {
    package var parameterCount = 64
    /// Bytes of one decoded value.
    package var parameterLength = 16_384
    /// Bytes of a request body.
    package var bodySize = 65_536
    /// Bytes of all header fields together, request line included.
    package var headerSize = 32_768
    /// Seconds in which a whole request must have arrived.
    package var requestDeadline: TimeInterval = 15
    /// Seconds in which a written answer must have been taken.
    package var responseDeadline: TimeInterval = 30
    /// Seconds that a connection may be idle between requests.
    package var idleTimeout: TimeInterval = 60
    /// Seconds for a TLS handshake.
    package var handshakeDeadline: TimeInterval = 10

    package init() {}
}

/// How long things live, in seconds.
package struct Lifetimes: Sendable {
    /// RFC 6749 §4.1.2 recommends ten minutes at most; a minute is enough for a redirect.
    package var authorizationCode: TimeInterval = 60
    /// From the first page of a sign-in to its last.
    package var interaction: TimeInterval = 1_800
    /// From a first factor to the second.
    package var factor: TimeInterval = 600
    package var session: TimeInterval = 12 * 3_600
    /// From the last use of a session to its end; `nil` where only `session` counts.
    package var sessionIdle: TimeInterval?
    /// How long a browser is known after a sign-in: as long as browsers keep a cookie (RFC 6265bis §5.5).
    package var device: TimeInterval = 400 * 86_400
    /// How long a browser stands in for the second factor, when a person wished so.
    package var trustedDevice: TimeInterval = 30 * 86_400
    package var accessToken: TimeInterval = 600
    package var idToken: TimeInterval = 3_600
    /// From the last use of a refresh token with `offline_access`; without it the session's end counts.
    package var refreshToken: TimeInterval = 30 * 86_400
    /// From the start of an authorization: no use prolongs a refresh token beyond it (RFC 9700 §4.14.2).
    package var refreshTokenAbsolute: TimeInterval = 180 * 86_400
    /// How long a repeated refresh gets the same successor instead of counting as reuse; a client may set its own.
    package var refreshGrace: TimeInterval = 30
    /// How long somebody who shows nothing but the mailbox waits before that removes a factor.
    package var recoveryWait: TimeInterval = 72 * 3_600

    package init() {}

    /// What an authorization must outlive, so that revoking it reaches every token below it.
    var longestToken: TimeInterval { max(accessToken, Self.longestAccessToken) }
    /// No resource server may ask for more.
    package static let longestAccessToken: TimeInterval = 86_400
}

/// When signing keys come and go, in seconds.
package struct KeyRotationSchedule: Sendable {
    /// A key is published this long before it signs: longer than any cache keeps the JWK Set.
    package var publishedBefore: TimeInterval = 86_400
    package var signsFor: TimeInterval = 90 * 86_400
    /// Longer than the longest life of a token that the key signed.
    package var publishedAfter: TimeInterval = 2 * 86_400

    package init() {}
}
