/// How strongly somebody signed in: the `acr` values of this issuer, weakest first (OpenID Connect Core §2).
package enum AuthenticationContext: String, Sendable, CaseIterable {
    /// One factor.
    case singleFactor = "urn:martlet:acr:1"
    /// Two factors of different kinds.
    case multiFactor = "urn:martlet:acr:2"
}
