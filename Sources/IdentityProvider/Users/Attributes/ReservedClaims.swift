/// The names that no attribute and none of its claims may take, because a standard or Martlet itself gives them a
/// meaning: an attribute named `sub` or `roles` would change who a token is about or what it allows.
enum ReservedClaims {
    /// Compared without regard to case, as some JWT libraries do.
    static func contains(_ name: String) -> Bool { names.contains(name.lowercased()) }

    private static let names = Set(registered + Claims.all)

    private static let registered = [
        // RFC 7519 §4.1, §5.3
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "typ", "cty", "alg", "kid",
        // OpenID Connect Core §2, §3.1.3.6, §3.3.2.11, §5.6.2, §7.4
        "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "_claim_names", "_claim_sources", "sub_jwk",
        // OpenID Connect Front-Channel Logout §3, Back-Channel Logout §2.4; RFC 8417 §2.2
        "sid", "events", "toe", "txn",
        // FAPI 1.0 Part 2 §5.2.2.1; OpenID Identity Assurance Schema §5; RFC 9493 §4.1
        "s_hash", "verified_claims", "sub_id",
        // RFC 7800 §3.1
        "cnf",
        // RFC 7662 §2.2; RFC 9701 §5; RFC 9068 §2.2; RFC 9396 §9
        "active", "scope", "client_id", "username", "token_type", "token_introspection", "authorization_details",
        // RFC 8693 §4
        "act", "may_act",
        // RFC 7643 §4.1.2, through RFC 9068 §2.2.3.1, and our own name for the same
        "roles", "groups", "entitlements", "permissions",
        // RFC 6749 §5.2, in answers that are an error instead
        "error", "error_description", "error_uri",
    ]
}
