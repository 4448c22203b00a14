import JOSE

/// Reads the schemas in resource files. Keywords that Martlet doesn't enforce are mistakes.
extension DetailSchema {
    /// How deep schemas may be nested. `AuthorizationDetails` parses no deeper values.
    static let maximumDepth = 5

    init(_ document: JSONObject, depth: Int = 1) throws(InvalidDocument) {
        var reader = DocumentReader(document)
        title = reader.translated("title")
        _ = reader.text("description")
        let type = reader.required("type") { text throws(InvalidValue) in text }
        let kind = Self.kind(type, depth, &reader)
        self.kind = kind
        choices = Self.choices(of: kind, &reader)
        narrowing = reader.choice("narrowing", DetailNarrowing.words) ?? .equal
        reader.refuse("pattern", "is not supported; use enum, format, minLength and maxLength")
        reader.refuseUnknown()
        if narrowing == .atMost, !kind.isNumber {
            reader.report("narrowing", "at_most is only for numbers")
        }
        if narrowing == .subset, !kind.isSet {
            reader.report("narrowing", "subset is only for an array with uniqueItems: true")
        }
        try reader.finish()
    }

    private static func kind(_ type: String, _ depth: Int, _ reader: inout DocumentReader) -> Kind {
        guard depth <= maximumDepth else {
            reader.report("type", "is nested too deeply: at most \(maximumDepth) levels are allowed")
            return .boolean
        }
        switch type {
        case "object": return .object(properties(depth, &reader))
        case "array":
            let items = reader.nested("items") { items throws(InvalidDocument) in
                try DetailSchema(items, depth: depth + 1)
            }
            if items == nil, !reader.hasProblem(in: "items") { reader.report("items", "is missing") }
            let count = range("minItems", "maxItems", in: 0...100, otherwise: 20, &reader)
            return .array(of: items ?? .empty, count: count, isUnique: reader.flag("uniqueItems") ?? false)
        case "string":
            let format = reader.choice("format", DetailFormat.words)
            let length = range("minLength", "maxLength", in: 0...1_000, otherwise: 255, &reader)
            return .string(length: length, format: format)
        case "number", "integer": return .number(bounds(&reader), isInteger: type == "integer")
        case "boolean": return .boolean
        case "": return .boolean
        default:
            reader.report("type", "must be object, array, string, number, integer or boolean")
            return .boolean
        }
    }

    private static func properties(_ depth: Int, _ reader: inout DocumentReader) -> [Property] {
        let names = reader.object("properties")?.names ?? []
        let schemas = reader.members("properties") { name, document throws(InvalidDocument) in
            guard isName(name) else {
                throw InvalidDocument([.init(member: "", reason: "must consist of letters, digits, _ and -")])
            }
            return (name: name, schema: try DetailSchema(document, depth: depth + 1))
        }
        let required = reader.list("required") { name throws(InvalidValue) in
            guard names.contains(name) else { throw InvalidValue("is not in properties") }
            return name
        }
        if reader.flag("additionalProperties") == true {
            reader.report("additionalProperties", "must be false: unknown members are always refused (RFC 9396 §5)")
        }
        return schemas.map {
            Property(name: $0.name, schema: $0.schema, isRequired: required.contains($0.name))
        }
    }

    /// Only ASCII, so that no two names look the same, and no dot, so that placeholders are unambiguous.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            }
    }

    private static func range(
        _ minimum: String, _ maximum: String, in limits: ClosedRange<Int>, otherwise most: Int,
        _ reader: inout DocumentReader
    ) -> ClosedRange<Int> {
        let least = reader.number(minimum, in: limits) ?? 0
        let most = reader.number(maximum, in: limits) ?? max(least, most)
        guard least <= most else {
            reader.report(minimum, "must not exceed \(maximum)")
            return limits
        }
        return least...most
    }

    private static func bounds(_ reader: inout DocumentReader) -> ClosedRange<Double> {
        let least = bound("minimum", numbers.lowerBound, &reader)
        let most = bound("maximum", numbers.upperBound, &reader)
        guard least <= most else {
            reader.report("minimum", "must not exceed maximum")
            return numbers
        }
        return least...most
    }

    private static func bound(_ name: String, _ limit: Double, _ reader: inout DocumentReader) -> Double {
        guard let value = reader.json(name) else { return limit }
        guard let number = value.quantity, numbers.contains(number) else {
            reader.report(name, "must be a number of at most 16 digits")
            return limit
        }
        return number
    }

    private static func choices(of kind: Kind, _ reader: inout DocumentReader) -> [JSON] {
        let (listed, only) = (reader.json("enum"), reader.json("const"))
        guard listed == nil || only == nil else {
            reader.report("const", "cannot be combined with enum")
            return []
        }
        guard let choices = listed.map({ $0.array ?? [] }) ?? only.map({ [$0] }) else { return [] }
        let name = listed == nil ? "const" : "enum"
        switch kind {
        case .object, .array: reader.report(name, "is only for strings, numbers and booleans")
        case .string, .number, .boolean:
            if choices.isEmpty { reader.report(name, "must be a list of values") }
            for (index, choice) in choices.enumerated() {
                let place = listed == nil ? name : "\(name)[\(index)]"
                do throws(InvalidValue) { try kind.check(choice, at: "") } catch {
                    reader.report(place, String(error.reason.drop { $0 == " " }))
                }
            }
        }
        return choices
    }
}

extension DetailSchema.Kind {
    fileprivate var isNumber: Bool { if case .number = self { true } else { false } }
    /// Whether the value is an array without repeated items.
    fileprivate var isSet: Bool { if case .array(_, _, let isUnique) = self { isUnique } else { false } }
}

/// The common members of RFC 9396 §2.2 mean the same in every type.
extension DetailSchema {
    /// Checks the schema of a whole object.
    func checkMembers(_ reader: inout DocumentReader) {
        guard case .object(let properties) = kind else {
            reader.report("schema.type", "must be object")
            return
        }
        for property in properties {
            let place = "schema.properties.\(property.name)"
            switch property.name {
            case "type": reader.report(place, "belongs to every type; remove it")
            case "identifier": if !property.schema.isString { reader.report(place, "must be a string (RFC 9396 §2.2)") }
            case "locations", "actions", "datatypes", "privileges":
                if case .array(let items, _, _) = property.schema.kind, items.isString { continue }
                reader.report(place, "must be an array of strings (RFC 9396 §2.2)")
            default: continue
            }
        }
    }

    private var isString: Bool { if case .string = kind { true } else { false } }
}
