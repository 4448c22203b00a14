/// Sign-out requested by a client.
struct LogoutTopic: Topic {
    let endpoints: [any Endpoint]

    init(_ core: Core) {
        endpoints = [
            EndSessionEndpoint(core),
            ConfirmSignOutEndpoint(core),
        ]
    }
}
