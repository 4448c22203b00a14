extension SecurityProfile {
    /// draft-ietf-oauth-v2-1.
    static let oauth21 = SecurityProfile(
        name: "OAuth 2.1",
        demands: [
            ProfileDemand("§7.5.1", "pkce", "must be required") { !$0.isPKCEOptional },
            ProfileDemand(
                "§8.4.2", "redirect_uris", "should use 127.0.0.1 or [::1] instead of localhost", level: .recommended
            ) { !$0.redirectURIs.contains(where: \.isOnLocalhost) },
        ])

    /// RFC 9700, the best current practice for OAuth 2.0.
    static let rfc9700 = SecurityProfile(
        name: "RFC 9700",
        demands: [
            ProfileDemand("§2.1.1", "pkce", "should be required", level: .recommended) { !$0.isPKCEOptional },
            ProfileDemand(
                "§2.2.1", "dpop_bound_access_tokens",
                "or tls_client_certificate_bound_access_tokens should be true", level: .recommended
            ) { $0.senderConstraint.bindsAllTokens },
            ProfileDemand(
                "§2.5", "token_endpoint_auth_method",
                "should use a key: \(FAPIDemands.methods.joined(separator: ", "))", level: .recommended
            ) { $0.isPublic || FAPIDemands.methods.contains($0.authenticationMethodName) },
        ])
}
