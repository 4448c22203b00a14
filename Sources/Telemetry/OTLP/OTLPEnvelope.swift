/// The fields that enclose the records of a request: their resource, and the scope that created them.
/// `ExportTraceServiceRequest` and its equivalents for metrics and logs have the same structure and field numbers.
struct OTLPEnvelope: Sendable {
    private let resource: [UInt8]
    private let scope: [UInt8]

    init(_ resource: TelemetryResource, version: String) {
        var writer = ProtobufWriter()
        writer.message(1) { message in
            for (name, value) in resource.attributes { message.attribute(1, name, value) }
        }
        self.resource = writer.bytes
        var scope = ProtobufWriter()
        scope.message(1) { scope in
            scope.string(1, "martlet")
            scope.string(2, version)
        }
        self.scope = scope.bytes
    }

    /// Returns the encoded request. `records` holds consecutive fields 2 of the scope's message.
    func request(_ records: [UInt8]) -> [UInt8] {
        var inner = ProtobufWriter()
        inner.prefix(2, length: scope.count + records.count)
        var outer = ProtobufWriter(capacity: resource.count + scope.count + records.count + 32)
        outer.prefix(1, length: resource.count + inner.bytes.count + scope.count + records.count)
        return outer.bytes + resource + inner.bytes + scope + records
    }
}
