import Logging
import Tracing

/// `KeyValue` and `AnyValue` of opentelemetry/proto/common/v1/common.proto.
extension ProtobufWriter {
    /// The maximum length of a text in bytes. Longer texts are cut off, because attributes are not meant for documents.
    private static let textLimit = 4_096
    /// The maximum number of attributes per span or event; the rest are dropped (OpenTelemetry attribute limits).
    private static let countLimit = 128

    /// Returns whether the attribute must never leave the process, whichever code set it: queries contain codes and
    /// tokens.
    private static func isForbidden(_ name: String) -> Bool {
        switch name {
        case "url.query", "url.full", "http.url", "http.target": true
        default: false
        }
    }

    mutating func attribute(_ field: Int, _ name: String, _ text: String) {
        keyValue(field, name) { $0.text(text) }
    }

    mutating func attribute(_ field: Int, _ name: String, _ number: Int64) {
        keyValue(field, name) { $0.present(3, varint: UInt64(bitPattern: number)) }
    }

    mutating func attributes(_ field: Int, _ attributes: SpanAttributes) {
        var count = 0
        attributes.forEach { name, attribute in
            guard count < Self.countLimit, !Self.isForbidden(name) else { return }
            count += 1
            keyValue(field, name) { $0.value(attribute) }
        }
    }

    /// `value` must already be redacted.
    mutating func attribute(_ field: Int, _ name: String, _ value: Logger.MetadataValue) {
        keyValue(field, name) { $0.value(value) }
    }

    /// `AnyValue.string_value`.
    mutating func text(_ value: String) {
        guard value.utf8.count > Self.textLimit else { return string(1, value) }
        string(1, String(decoding: value.utf8.prefix(Self.textLimit), as: UTF8.self))
    }

    private mutating func keyValue(_ field: Int, _ name: String, _ value: (inout ProtobufWriter) -> Void) {
        message(field) { pair in
            pair.string(1, name)
            pair.message(2, value)
        }
    }

    private mutating func value(_ attribute: SpanAttribute) {
        switch attribute {
        case .string(let text): self.text(Redaction.mask(text))
        case .bool(let flag): present(2, varint: flag ? 1 : 0)
        case .int32(let number): present(3, varint: UInt64(bitPattern: Int64(number)))
        case .int64(let number): present(3, varint: UInt64(bitPattern: number))
        case .double(let number): double(4, number)
        case .stringConvertible(let object): text(Redaction.mask("\(object)"))
        case .stringArray(let texts): array(texts) { $0.text(Redaction.mask($1)) }
        case .int32Array(let numbers): array(numbers) { $0.present(3, varint: UInt64(bitPattern: Int64($1))) }
        case .int64Array(let numbers): array(numbers) { $0.present(3, varint: UInt64(bitPattern: $1)) }
        case .doubleArray(let numbers): array(numbers) { $0.double(4, $1) }
        case .boolArray(let flags): array(flags) { $0.present(2, varint: $1 ? 1 : 0) }
        case .stringConvertibleArray(let objects): array(objects) { $0.text(Redaction.mask("\($1)")) }
        default: break
        }
    }

    private mutating func value(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): self.text(text)
        case .stringConvertible(let object): text("\(object)")
        case .array(let values): array(values) { $0.value($1) }
        case .dictionary(let members):
            message(6) { list in
                for (name, member) in members.sorted(by: { $0.key < $1.key }) { list.attribute(1, name, member) }
            }
        }
    }

    /// `AnyValue.array_value`.
    private mutating func array<Element>(
        _ elements: [Element], _ write: (inout ProtobufWriter, Element) -> Void
    ) {
        message(5) { list in
            for element in elements.prefix(Self.countLimit) { list.message(1) { write(&$0, element) } }
        }
    }
}
