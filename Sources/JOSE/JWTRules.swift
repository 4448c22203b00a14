package import FoundationEssentials

/// What a JWT must fulfil (RFC 7519 §7.2, RFC 8725 §3).
package struct JWTRules: Sendable {
    package enum Expiry: Sendable { case required, ifPresent, ignored }

    /// An explicit list, so that the token does not choose (RFC 8725 §3.1).
    package var algorithms: Set<SignatureAlgorithm>
    package var issuer: String?
    /// One of these must be among the `aud`.
    package var audiences: Set<String>?
    /// The `typ` must be one of these: what is meant for one use must not serve another (RFC 8725 §3.11).
    package var types: Set<String>?
    package var expiry: Expiry
    /// How far clocks may differ, in seconds.
    package var skew: TimeInterval
    /// Seconds since `iat`, which is then needed.
    package var maximumAge: TimeInterval?
    /// Claims that must be there, and not be null.
    package var required: Set<String>

    package init(
        algorithms: Set<SignatureAlgorithm>, issuer: String? = nil, audiences: Set<String>? = nil,
        types: Set<String>? = nil, expiry: Expiry = .required, skew: TimeInterval = 60,
        maximumAge: TimeInterval? = nil, required: Set<String> = []
    ) {
        self.algorithms = algorithms
        self.issuer = issuer
        self.audiences = audiences
        self.types = types
        self.expiry = expiry
        self.skew = skew
        self.maximumAge = maximumAge
        self.required = required
    }
}
