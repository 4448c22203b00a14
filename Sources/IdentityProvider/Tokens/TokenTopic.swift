import JOSE

/// Tokens: how they are issued, presented, described and revoked.
struct TokenTopic: Topic {
    let authenticator: ClientAuthenticator
    let bearers: BearerAuthenticator
    let stepUp: StepUp
    let issuer: TokenIssuer
    let grants: [any Grant]
    let endpoints: [any Endpoint]

    init(_ core: Core, signIn: SignIn) {
        authenticator = ClientAuthenticator(core)
        bearers = BearerAuthenticator(core)
        stepUp = StepUp(core, signIn: signIn)
        issuer = TokenIssuer(core)
        grants = [
            AuthorizationCodeGrant(core),
            RefreshTokenGrant(core),
            ClientCredentialsGrant(core),
        ]
        endpoints = [
            TokenEndpoint(core, authenticator: authenticator, grants: grants, issuer: issuer),
            UserInfoEndpoint(core, bearers: bearers, stepUp: stepUp),
            IntrospectionEndpoint(core, authenticator: authenticator, bearers: bearers),
            RevocationEndpoint(core, authenticator: authenticator),
        ]
    }

    func describe(in metadata: inout ServerMetadata) {
        metadata["token_endpoint"] = metadata.url(.token)
        metadata["userinfo_endpoint"] = metadata.url(.userInfo)
        metadata["introspection_endpoint"] = metadata.url(.introspection)
        metadata["revocation_endpoint"] = metadata.url(.revocation)
        metadata["grant_types_supported"] = .array(grants.map { .string($0.type.rawValue) })
        metadata["subject_types_supported"] = ["public"]
        metadata["id_token_signing_alg_values_supported"] = .array(KeyRing.algorithms.map { .string($0.rawValue) })
        metadata["claim_types_supported"] = ["normal"]
        metadata["claims_supported"] = .array((IDToken.claimNames + Claims.all).map(JSON.string))
        let methods = ClientAuthenticationMethod.all
        describe(methods, at: "token", in: &metadata)
        describe(methods, at: "revocation", in: &metadata)
        describe(methods.filter { $0 != .none }, at: "introspection", in: &metadata)
    }

    private func describe(
        _ methods: [ClientAuthenticationMethod], at endpoint: String, in metadata: inout ServerMetadata
    ) {
        metadata["\(endpoint)_endpoint_auth_methods_supported"] = .array(methods.map { .string($0.rawValue) })
        metadata["\(endpoint)_endpoint_auth_signing_alg_values_supported"] = .array(
            (SignatureAlgorithm.asymmetric + SignatureAlgorithm.symmetric).map { .string($0.rawValue) })
    }
}
