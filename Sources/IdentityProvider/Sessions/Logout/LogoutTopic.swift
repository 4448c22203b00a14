import ServiceLifecycle

/// Sign-out requested by a client or an upstream, and the clients that are told when a session ends.
struct LogoutTopic: Topic {
    let endpoints: [any Endpoint]
    let services: [any Service]

    init(_ core: Core) {
        endpoints = [
            EndSessionEndpoint(core),
            ConfirmSignOutEndpoint(core),
            UpstreamSignedOutEndpoint(core),
            UpstreamLogoutEndpoint(core),
            CheckSessionEndpoint(core),
        ]
        services = [LogoutService(core)]
    }
}
