/// Single sign-on for applications behind a reverse proxy.
struct ForwardAuthTopic: Topic {
    let endpoints: [any Endpoint]

    init(_ core: Core, signIn: SignIn, tokens: TokenTopic) {
        endpoints = [
            ForwardAuthEndpoint(core, signIn: signIn, tokens: tokens),
            ForwardSignInEndpoint(core, signIn: signIn),
        ]
    }
}
