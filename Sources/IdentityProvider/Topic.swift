import ServiceLifecycle

/// One folder of the provider: it assembles its own endpoints, services and metadata.
protocol Topic: Sendable {
    var endpoints: [any Endpoint] { get }
    /// Long-running work.
    var services: [any Service] { get }
    /// Adds what the topic supports (RFC 8414 §2). By default, each endpoint describes itself.
    func describe(in metadata: inout ServerMetadata)
}

extension Topic {
    var endpoints: [any Endpoint] { [] }
    var services: [any Service] { [] }

    func describe(in metadata: inout ServerMetadata) {
        for endpoint in endpoints { endpoint.describe(in: &metadata) }
    }
}
