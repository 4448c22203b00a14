/// Sign-out requested by a client or an upstream.
struct LogoutTopic: Topic {
    let endpoints: [any Endpoint]

    init(_ core: Core) {
        endpoints = [
            EndSessionEndpoint(core),
            ConfirmSignOutEndpoint(core),
            UpstreamSignedOutEndpoint(core),
            UpstreamLogoutEndpoint(core),
        ]
    }
}
