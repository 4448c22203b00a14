import JOSE

/// What a value in authorization details must be: a subset of JSON Schema, as documented in
/// `docs/rich-authorization-requests.md`.
struct DetailSchema: Sendable {
    indirect enum Kind: Sendable {
        /// Unknown members are always refused (RFC 9396 §5).
        case object([Property])
        case array(of: DetailSchema, count: ClosedRange<Int>, isUnique: Bool)
        /// The length in code points.
        case string(length: ClosedRange<Int>, format: DetailFormat?)
        case number(ClosedRange<Double>, isInteger: Bool)
        case boolean
    }

    struct Property: Sendable {
        let name: String
        let schema: DetailSchema
        let isRequired: Bool
    }

    let kind: Kind
    /// The only values; empty for any.
    let choices: [JSON]
    /// What the consent page calls the value; `nil` for the name of the member.
    let title: TranslatedText?
    let narrowing: DetailNarrowing

    /// Fits only an object without members.
    static let empty = DetailSchema(kind: .object([]), choices: [], title: nil, narrowing: .equal)

    /// No number is larger, because larger ones lose digits in many JSON libraries (RFC 7493 §2.2).
    static let numbers: ClosedRange<Double> = -9_007_199_254_740_991...9_007_199_254_740_991

    func property(_ name: String) -> Property? {
        guard case .object(let properties) = kind else { return nil }
        return properties.first { $0.name.isExactly(name) }
    }

    /// Returns why a text of the consent page can't have the placeholder: users must see a value for it.
    func reasonAgainst(placeholder path: [String]) -> String? {
        var schema = self
        for name in path {
            guard let property = schema.property(name) else { return "names no member" }
            guard property.isRequired else { return "names an optional member; only required ones have a value always" }
            schema = property.schema
        }
        switch schema.kind {
        case .string, .number: return nil
        case .array(let items, _, _) where items.isTextual: return nil
        case .array, .object, .boolean: return "must name a string, a number or a list of them"
        }
    }

    /// Whether the value is a string or a number.
    var isTextual: Bool {
        switch kind {
        case .string, .number: true
        case .object, .array, .boolean: false
        }
    }
}
