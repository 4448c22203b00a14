/// The JSON API for the operator's own front ends.
struct FirstPartyTopic: Topic {
    let endpoints: [any Endpoint]

    init(_ core: Core, signIn: SignIn, tokens: TokenTopic) {
        let access = FirstPartyAccess(core, bearers: tokens.bearers, stepUp: tokens.stepUp)
        let outcome = FirstPartySignIn(core, tokens: tokens.issuer)
        endpoints = [
            LoginEndpoint(core, signIn: signIn, outcome: outcome),
            MultiFactorEndpoint(core, signIn: signIn, outcome: outcome),
            RefreshEndpoint(core, authenticator: tokens.authenticator, outcome: outcome),
            LogoutEndpoint(core),
            SelfEndpoint(core, access: access),
            ValidateEndpoint(core, access: access),
            RegisterEndpoint(core),
            OpenAPIEndpoint(issuer: core.issuer),
        ]
    }
}
