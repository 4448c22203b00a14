/// Single sign-on for applications behind a reverse proxy.
struct ForwardAuthTopic: Topic {
    let endpoints: [any Endpoint]

    init(_ core: Core, signIn: SignIn) {
        endpoints = [
            ForwardAuthEndpoint(core, signIn: signIn),
            ForwardSignInEndpoint(core, signIn: signIn),
        ]
    }
}
