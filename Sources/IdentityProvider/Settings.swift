package import Authenticators
package import FoundationEssentials

/// The settings of one issuer. The defaults are safe.
package struct Settings: Sendable {
    package var issuer: Issuer
    /// The name shown at the top of each page.
    package var name = "Martlet"
    package var signUp = SignUpPolicy.off
    package var limits = Limits()
    package var lifetimes = Lifetimes()
    package var keyRotation = KeyRotationSchedule()
    /// The weakest sign-in that is accepted. Clients and roles may require more.
    package var minimumContext = AuthenticationContext.singleFactor
    package var totp = TOTPSettings()
    /// Whether a code sent by email counts as a second factor.
    package var acceptsEmailCodes = true
    /// Whether the built-in client exists. JSON API requests that name no client are attributed to it.
    package var hasBuiltInClient = true
    /// Whether users go to the upstream without being asked if it is the only one.
    package var goesToOnlyUpstream = false
    /// Whether DPoP proofs must contain a nonce from this issuer (RFC 9449 §8).
    package var requiresDPoPNonces = false
    /// Whether every client must push its authorization requests (RFC 9126 §5).
    package var requiresPushedRequests = false
    package var risk = RiskRules()
    /// `nil` if clients can't present certificates.
    package var mutualTLS: MutualTLS?

    package init(issuer: Issuer) { self.issuer = issuer }
}

/// The parameters of new authenticator apps. Apps that are already set up keep theirs.
package struct TOTPSettings: Sendable, Codable, Hashable {
    /// Several apps support only SHA-1 and six digits. Some silently ignore other values and show wrong codes.
    package var algorithm = TOTP.Algorithm.sha1
    /// 6 to 8.
    package var digits = 6

    private enum CodingKeys: String, CodingKey {
        case algorithm, digits
    }

    package init() {}

    /// In bytes: the output length of the hash (RFC 6238 §5.1; RFC 4226 §4 R6).
    var secretLength: Int {
        switch algorithm {
        case .sha1: 20
        case .sha256: 32
        case .sha512: 64
        }
    }
}

/// Who may create an account.
package enum SignUpPolicy: String, Sendable {
    /// Only administrators.
    case off = "off"
    /// Anyone: with a verified email address or, through the JSON API, with a username.
    case open = "open"
    /// Anyone with an invitation link from an administrator.
    case invitation = "invitation"
}

/// Limits on the size of requests and on the time they may take.
package struct Limits: Sendable {
    package var parameterCount = 64
    /// Length of a decoded parameter value, in bytes.
    package var parameterLength = 16_384
    /// Size of a request body, in bytes.
    package var bodySize = 65_536
    /// Size of the request line and all header fields together, in bytes.
    package var headerSize = 32_768
    /// Time for a whole request to arrive, in seconds.
    package var requestDeadline: TimeInterval = 15
    /// Time for the client to read a response, in seconds.
    package var responseDeadline: TimeInterval = 30
    /// Time a connection may be idle between requests, in seconds.
    package var idleTimeout: TimeInterval = 60
    /// Time for a TLS handshake, in seconds.
    package var handshakeDeadline: TimeInterval = 10
    /// Failed guesses from one address at each page and API where secrets can be guessed; `nil` if not limited.
    package var signInFailures: RateLimit? = RateLimit(burst: 30, perMinute: 60)
    /// Requests from one address to each page and to each endpoint where programs get, check and revoke tokens, except
    /// those of clients that authenticate; `nil` if not limited.
    package var requests: RateLimit? = RateLimit(burst: 600, perMinute: 6_000)
    /// Requests from one address to each page and API that sends email; `nil` if not limited.
    package var emailRequests: RateLimit? = RateLimit(burst: 10, perMinute: 6)
    /// Emails per hour that one network (IPv4 /24, IPv6 /48) may cause.
    package var emailsPerNetwork = 120

    package init() {}

    /// The figures of a route's limit; `nil` if the operator turned it off.
    subscript(limit: RouteLimit) -> RateLimit? {
        switch limit {
        case .requests, .clients: requests
        case .mail: emailRequests
        }
    }
}

/// Lifetimes, in seconds.
package struct Lifetimes: Sendable {
    /// RFC 6749 §4.1.2 recommends at most ten minutes. One minute is enough for a redirect.
    package var authorizationCode: TimeInterval = 60
    /// From a pushed authorization request to the first page (RFC 9126 §2.2).
    package var pushedRequest: TimeInterval = 60
    /// From a device's request to the first use of its codes (RFC 8628 §3.2).
    package var deviceCode: TimeInterval = 600
    /// From the first page of a sign-in to its last.
    package var interaction: TimeInterval = 1_800
    /// From a first factor to the second.
    package var factor: TimeInterval = 600
    package var session: TimeInterval = 12 * 3_600
    /// From the last use of a session to its end; `nil` if sessions have no idle limit.
    package var sessionIdle: TimeInterval?
    /// How long a browser is remembered after a sign-in: as long as browsers keep a cookie (RFC 6265bis §5.5).
    package var device: TimeInterval = 400 * 86_400
    /// How long a trusted browser replaces the second factor. Users opt in to this.
    package var trustedDevice: TimeInterval = 30 * 86_400
    package var accessToken: TimeInterval = 600
    package var idToken: TimeInterval = 3_600
    /// From the last use of a refresh token with `offline_access`. Without it, the token ends with the session.
    package var refreshToken: TimeInterval = 30 * 86_400
    /// From the start of an authorization. No refresh extends a token beyond it (RFC 9700 §4.14.2).
    package var refreshTokenAbsolute: TimeInterval = 180 * 86_400
    /// The grace period in which a retried refresh returns the same successor and doesn't count as reuse. Clients may
    /// override it.
    package var refreshGrace: TimeInterval = 30
    /// How long account recovery waits to remove a factor if the user has proved only that they control the mailbox.
    package var recoveryWait: TimeInterval = 72 * 3_600

    package init() {}

    /// The minimum time an authorization is stored, so that revoking it reaches all of its access tokens.
    var longestToken: TimeInterval { max(accessToken, Self.longestAccessToken) }
    /// The maximum that a resource server can configure for its access tokens.
    package static let longestAccessToken: TimeInterval = 86_400
}

/// The schedule of signing keys, in seconds.
package struct KeyRotationSchedule: Sendable {
    /// How long a key is published before it signs. Must be longer than any cache keeps the JWK Set.
    package var publishedBefore: TimeInterval = 86_400
    package var signsFor: TimeInterval = 90 * 86_400
    /// How long a key stays published after it stops signing. Must be longer than the longest token lifetime.
    package var publishedAfter: TimeInterval = 2 * 86_400

    package init() {}
}
