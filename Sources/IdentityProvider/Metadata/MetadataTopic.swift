/// The metadata documents. The other topics provide their content.
struct MetadataTopic: Topic {
    let endpoints: [any Endpoint]

    init(_ core: Core, describing topics: [any Topic]) {
        endpoints = [MetadataEndpoint(core, metadata: ServerMetadata(core.settings, describing: topics))]
    }
}
