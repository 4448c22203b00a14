/// What a client's access tokens must be bound to.
struct SenderConstraintRules: Sendable, Hashable {
    /// `dpop_bound_access_tokens` (RFC 9449 §5.2).
    let requiresDPoP: Bool
    /// `tls_client_certificate_bound_access_tokens` (RFC 8705 §3.4).
    let requiresCertificate: Bool
    /// Whether tokens must be bound to one or the other (FAPI 2.0 Security Profile §5.3.2.1).
    let isRequired: Bool

    /// Whether no token is a bearer token.
    var bindsAllTokens: Bool { requiresDPoP || requiresCertificate || isRequired }

    init(_ reader: inout DocumentReader, for profile: ClientProfile?) {
        requiresDPoP = reader.flag("dpop_bound_access_tokens") ?? false
        requiresCertificate = reader.flag("tls_client_certificate_bound_access_tokens") ?? false
        isRequired = profile != nil
    }
}
