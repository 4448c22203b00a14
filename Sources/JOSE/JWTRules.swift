package import FoundationEssentials

/// The requirements that a JWT must meet (RFC 7519 §7.2, RFC 8725 §3).
package struct JWTRules: Sendable {
    package enum Expiry: Sendable { case required, ifPresent, ignored }

    /// An explicit list, so that the token cannot choose (RFC 8725 §3.1).
    package var algorithms: Set<SignatureAlgorithm>
    package var issuer: String?
    /// `aud` must contain one of these.
    package var audiences: Set<String>?
    /// `typ` must be one of these, so that a token for one use cannot serve another (RFC 8725 §3.11).
    package var types: Set<String>?
    package var expiry: Expiry
    /// The permitted clock skew, in seconds.
    package var skew: TimeInterval
    /// The maximum time since `iat`, in seconds. Requires `iat`.
    package var maximumAge: TimeInterval?
    /// Claims that must be present and not null.
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
