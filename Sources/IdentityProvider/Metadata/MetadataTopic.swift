/// The metadata documents, which the other topics describe.
struct MetadataTopic: Topic {
    let endpoints: [any Endpoint]

    init(_ core: Core, describing topics: [any Topic]) {
        endpoints = [MetadataEndpoint(core, metadata: ServerMetadata(core.issuer, describing: topics))]
    }
}
