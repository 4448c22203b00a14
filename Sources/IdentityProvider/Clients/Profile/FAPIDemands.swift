import JOSE

/// What FAPI 2.0 demands of each client. The demands that `profile` turns on name it as the member.
enum FAPIDemands {
    /// FAPI 2.0 Security Profile §5.3.2.1.
    static let methods = ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"]

    /// What a client must register itself. A client that asks for the profile without it is refused.
    static let registered: [ProfileDemand] = [
        ProfileDemand(
            "§5.3.2.1", "token_endpoint_auth_method", "must be \(methods.joined(separator: ", "))"
        ) { methods.contains($0.authenticationMethodName) },
        ProfileDemand("§5.3.2.1", "token_endpoint_auth_audience", "must be issuer") { $0.assertionAudience == .issuer },
        ProfileDemand("§5.3.2.2", "pkce", "must be required") { !$0.isPKCEOptional },
        ProfileDemand("§5.3.2.2", "redirect_uris", "must not use http, except for 127.0.0.1 and [::1]") {
            !$0.redirectURIs.contains(where: \.isOnLocalhost)
        },
        ProfileDemand("§5.4.1", "jwks", "must have a key for ES256, PS256 or Ed25519") { client in
            guard let keys = client.keys else { return true }
            return ClientProfile.algorithms.contains { algorithm in keys.keys.contains { $0.supports(algorithm) } }
        },
        ProfileDemand("§5.4.1", "token_endpoint_auth_signing_alg", "must be ES256, PS256 or Ed25519") { client in
            client.common.assertionAlgorithm.map(ClientProfile.algorithms.contains) ?? true
        },
    ]

    /// What the profile turns on.
    static let turnedOn: [ProfileDemand] = [
        ProfileDemand(
            "§5.3.2.1", "dpop_bound_access_tokens",
            "or tls_client_certificate_bound_access_tokens must be true, or profile be fapi2"
        ) { $0.senderConstraint.bindsAllTokens },
        ProfileDemand(
            "§5.3.2.2", "require_pushed_authorization_requests", "must be true, or profile be fapi2"
        ) { $0.requestRules.arePushed },
        ProfileDemand(
            "§5.3.2.1, §5.3.2.2", "profile",
            "must be fapi2, for PKCE in every request and refresh tokens that don't rotate"
        ) { $0.profile != nil },
        ProfileDemand("§5.4.1", "id_token_signed_response_alg", "must be ES256, PS256 or Ed25519") {
            $0.algorithms.all.isSubset(of: ClientProfile.algorithms)
        },
    ]

    static let signing: [ProfileDemand] = [
        ProfileDemand("§5.3", "require_signed_request_object", "must be true, or profile be fapi2-message-signing") {
            $0.requestRules.areSigned
        },
        ProfileDemand("§5.4, §5.5", "profile", "must be fapi2-message-signing, for signed responses") {
            $0.requestRules.responsesAreSigned
        },
    ]
}

extension SecurityProfile {
    static let fapi2 = SecurityProfile(
        name: "FAPI 2.0 Security Profile", demands: FAPIDemands.registered + FAPIDemands.turnedOn)

    /// On top of the Security Profile.
    static let fapi2MessageSigning = SecurityProfile(name: "FAPI 2.0 Message Signing", demands: FAPIDemands.signing)
}
