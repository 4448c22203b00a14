/// The authorization endpoint and the consent page.
struct AuthorizationTopic: Topic {
    let endpoints: [any Endpoint]

    init(_ core: Core, loop: InteractionLoop) {
        endpoints = [
            AuthorizationEndpoint(core, loop: loop),
            ConsentEndpoint(core),
        ]
    }
}
