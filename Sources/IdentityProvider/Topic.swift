import ServiceLifecycle

/// A part of the provider that assembles itself: a folder's endpoints, services and metadata.
protocol Topic: Sendable {
    var endpoints: [any Endpoint] { get }
    /// Long-running work.
    var services: [any Service] { get }
    /// Adds what the topic supports (RFC 8414 §2). By default, what its endpoints do.
    func describe(in metadata: inout ServerMetadata)
}

extension Topic {
    var endpoints: [any Endpoint] { [] }
    var services: [any Service] { [] }

    func describe(in metadata: inout ServerMetadata) {
        for endpoint in endpoints { endpoint.describe(in: &metadata) }
    }
}
