/// The authorization endpoint, the endpoint for pushed requests, and the consent page.
struct AuthorizationTopic: Topic {
    let endpoints: [any Endpoint]

    init(_ core: Core, loop: InteractionLoop, authenticator: ClientAuthenticator) {
        endpoints = [
            AuthorizationEndpoint(core, loop: loop),
            PushedAuthorizationEndpoint(core, authenticator: authenticator),
            ConsentEndpoint(core),
        ]
    }
}
