import ServiceLifecycle

/// Tells registered receivers about sessions, credentials and accounts (OpenID Shared Signals Framework 1.0, CAEP 1.0,
/// RISC 1.0).
struct SharedSignalsTopic: Topic {
    let endpoints: [any Endpoint]
    let services: [any Service]

    init(_ core: Core, bearers: BearerAuthenticator) {
        let receivers = ReceiverAuthenticator(core, bearers: bearers)
        let signer = SecurityEventSigner(core)
        let pusher = EventPusher(core, signer: signer)
        endpoints = [
            TransmitterMetadataEndpoint(core),
            StreamConfigurationEndpoint(core, receivers: receivers),
            StreamStatusEndpoint(core, receivers: receivers),
            StreamSubjectsEndpoint(core, receivers: receivers, isIncluded: true),
            StreamSubjectsEndpoint(core, receivers: receivers, isIncluded: false),
            StreamVerificationEndpoint(core, receivers: receivers),
            PollEndpoint(core, receivers: receivers, signer: signer),
        ]
        services = [EventTransmitter(core, pusher: pusher), EventStreamWatch(core, pusher: pusher)]
    }
}
