/// What stands around the records of one request: the resource that they are of, and the scope that made them
/// (`ExportTraceServiceRequest` and its twins for metrics and logs have the same shape and numbers).
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

    /// `records` are encoded as the field 2 of the scope's message, one after the other.
    func request(_ records: [UInt8]) -> [UInt8] {
        var inner = ProtobufWriter()
        inner.prefix(2, length: scope.count + records.count)
        var outer = ProtobufWriter(capacity: resource.count + scope.count + records.count + 32)
        outer.prefix(1, length: resource.count + inner.bytes.count + scope.count + records.count)
        return outer.bytes + resource + inner.bytes + scope + records
    }
}
