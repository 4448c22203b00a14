/// The authorization endpoint, the endpoint for pushed requests, the consent page, and the endpoint and pages of the
/// device grant.
struct AuthorizationTopic: Topic {
    let endpoints: [any Endpoint]

    init(_ core: Core, loop: InteractionLoop, authenticator: ClientAuthenticator) {
        endpoints = [
            AuthorizationEndpoint(core, loop: loop),
            PushedAuthorizationEndpoint(core, authenticator: authenticator),
            ConsentEndpoint(core),
            DeviceAuthorizationEndpoint(core, authenticator: authenticator),
            DeviceEndpoint(core),
            ApproveDeviceEndpoint(core, signIn: loop.signIn),
        ]
    }
}
