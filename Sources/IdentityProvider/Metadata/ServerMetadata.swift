import JOSE

/// What the issuer can do, in the names of RFC 8414 §2 and OpenID Connect Discovery §3. It follows from the lists that
/// wire the provider: nothing here is written twice.
struct ServerMetadata: Sendable {
    let issuer: Issuer
    let grantTypes: [GrantType]
    let paths: Set<String>

    /// `scopes` of the resource servers are added to the standard ones.
    func document(scopes: [String]) -> JSONObject {
        let methods = ClientAuthenticationMethod.all.map { JSON.string($0.rawValue) }
        let confidential = ClientAuthenticationMethod.all.filter { $0 != .none }.map { JSON.string($0.rawValue) }
        let assertionAlgorithms = (SignatureAlgorithm.asymmetric + SignatureAlgorithm.symmetric)
            .map { JSON.string($0.rawValue) }
        var document: JSONObject = ["issuer": .string(issuer.identifier)]
        for (name, path) in Self.endpoints where paths.contains(path) { document[name] = .string(issuer.url(path)) }
        document["scopes_supported"] = .array(Scope.standard.union(Scope(scopes)).values.map(JSON.string))
        document["response_types_supported"] = ["code"]
        document["response_modes_supported"] = .array(ResponseMode.allCases.map { .string($0.rawValue) })
        document["grant_types_supported"] = .array(grantTypes.map { .string($0.rawValue) })
        document["acr_values_supported"] = .array(AuthenticationContext.allCases.map { .string($0.rawValue) })
        document["subject_types_supported"] = ["public"]
        document["id_token_signing_alg_values_supported"] = .array(KeyRing.algorithms.map { .string($0.rawValue) })
        document["token_endpoint_auth_methods_supported"] = .array(methods)
        document["token_endpoint_auth_signing_alg_values_supported"] = .array(assertionAlgorithms)
        document["revocation_endpoint_auth_methods_supported"] = .array(methods)
        document["revocation_endpoint_auth_signing_alg_values_supported"] = .array(assertionAlgorithms)
        document["introspection_endpoint_auth_methods_supported"] = .array(confidential)
        document["introspection_endpoint_auth_signing_alg_values_supported"] = .array(assertionAlgorithms)
        document["claim_types_supported"] = ["normal"]
        document["claims_supported"] = .array(
            (["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "sid", "at_hash"]
                + Claims.all).map(JSON.string))
        document["code_challenge_methods_supported"] = ["S256"]
        document["prompt_values_supported"] = .array(Prompt.allCases.map { .string($0.rawValue) })
        document["display_values_supported"] = .array(Display.allCases.map { .string($0.rawValue) })
        document["claims_parameter_supported"] = true
        document["request_parameter_supported"] = false
        // True is the default of OpenID Connect Discovery §3: said, because it is not so.
        document["request_uri_parameter_supported"] = false
        document["authorization_response_iss_parameter_supported"] = true
        return document
    }

    private static let endpoints = [
        ("authorization_endpoint", "/authorize"), ("token_endpoint", "/token"), ("jwks_uri", "/jwks"),
        ("userinfo_endpoint", "/userinfo"), ("introspection_endpoint", "/introspect"),
        ("revocation_endpoint", "/revoke"), ("end_session_endpoint", "/logout"),
    ]
}
