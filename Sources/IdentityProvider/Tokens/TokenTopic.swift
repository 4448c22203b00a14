/// The token, userinfo, introspection and revocation endpoints.
struct TokenTopic: Topic {
    let authenticator: ClientAuthenticator
    let bearers: BearerAuthenticator
    let stepUp: StepUp
    let issuer: TokenIssuer
    let endpoints: [any Endpoint]

    init(_ core: Core, signIn: SignIn) {
        authenticator = ClientAuthenticator(core)
        bearers = BearerAuthenticator(core)
        stepUp = StepUp(core, signIn: signIn)
        issuer = TokenIssuer(core)
        endpoints = [
            TokenEndpoint(core, authenticator: authenticator, issuer: issuer),
            UserInfoEndpoint(core, bearers: bearers, stepUp: stepUp),
            IntrospectionEndpoint(core, authenticator: authenticator, bearers: bearers),
            RevocationEndpoint(core, authenticator: authenticator),
        ]
    }
}
