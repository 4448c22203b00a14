/// The member names that a discovery document may have, from the IANA registry of authorization server metadata and the
/// OpenID Connect specifications.
enum RegisteredMetadata {
    static let names = Set(texts + lists + flags + objects)

    static let texts = words(
        """
        issuer authorization_endpoint token_endpoint jwks_uri registration_endpoint service_documentation op_policy_uri
        op_tos_uri revocation_endpoint introspection_endpoint userinfo_endpoint check_session_iframe
        end_session_endpoint device_authorization_endpoint pushed_authorization_request_endpoint
        backchannel_authentication_endpoint signed_metadata credential_issuer nonce_endpoint
        """)
    static let lists = words(
        """
        scopes_supported response_types_supported response_modes_supported grant_types_supported
        token_endpoint_auth_methods_supported token_endpoint_auth_signing_alg_values_supported ui_locales_supported
        revocation_endpoint_auth_methods_supported revocation_endpoint_auth_signing_alg_values_supported
        introspection_endpoint_auth_methods_supported introspection_endpoint_auth_signing_alg_values_supported
        code_challenge_methods_supported acr_values_supported subject_types_supported
        id_token_signing_alg_values_supported id_token_encryption_alg_values_supported
        id_token_encryption_enc_values_supported userinfo_signing_alg_values_supported
        userinfo_encryption_alg_values_supported userinfo_encryption_enc_values_supported
        request_object_signing_alg_values_supported request_object_encryption_alg_values_supported
        request_object_encryption_enc_values_supported display_values_supported claim_types_supported claims_supported
        claims_locales_supported prompt_values_supported authorization_signing_alg_values_supported
        authorization_encryption_alg_values_supported authorization_encryption_enc_values_supported
        dpop_signing_alg_values_supported authorization_details_types_supported
        backchannel_token_delivery_modes_supported
        backchannel_authentication_request_signing_alg_values_supported
        introspection_signing_alg_values_supported introspection_encryption_alg_values_supported
        introspection_encryption_enc_values_supported
        """)
    static let flags = words(
        """
        claims_parameter_supported request_parameter_supported request_uri_parameter_supported
        require_request_uri_registration frontchannel_logout_supported frontchannel_logout_session_supported
        backchannel_logout_supported backchannel_logout_session_supported tls_client_certificate_bound_access_tokens
        authorization_response_iss_parameter_supported require_pushed_authorization_requests
        require_signed_request_object backchannel_user_code_parameter_supported
        native_sso_supported
        """)
    static let objects = ["mtls_endpoint_aliases"]

    static func isMistyped(_ name: String, _ value: JSON) -> Bool {
        if texts.contains(name) { return value.string == nil }
        if lists.contains(name) { return value.strings == nil }
        if flags.contains(name) { return value.bool == nil }
        if objects.contains(name) { return value.object == nil }
        return false
    }

    private static func words(_ text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }
}
