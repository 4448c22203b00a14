import FoundationEssentials
import JOSE

extension DetailSchema {
    /// Throws the first reason why `value` doesn't fit. `path` names the value; no text of the value is in the reason.
    func check(_ value: JSON, at path: String) throws(InvalidValue) {
        try kind.check(value, at: path)
        guard choices.isEmpty || choices.contains(where: value.isExactly) else {
            throw InvalidValue("\(path) must be one of the values in its schema")
        }
    }
}

extension DetailSchema.Kind {
    func check(_ value: JSON, at path: String) throws(InvalidValue) {
        switch (self, value) {
        case (.object(let properties), .object(let object)): try Self.check(object, against: properties, at: path)
        case (.array(let items, let count, let isUnique), .array(let values)):
            guard count.contains(values.count) else {
                throw InvalidValue("\(path) must have \(count.lowerBound) to \(count.upperBound) items")
            }
            for (index, value) in values.enumerated() {
                try items.check(value, at: "\(path)[\(index)]")
                guard !isUnique || !values[..<index].contains(where: value.isExactly) else {
                    throw InvalidValue("\(path) must not have the same item twice")
                }
            }
        case (.string(let length, let format), .string(let text)):
            try Self.check(text, of: length, format, at: path)
        case (.number(let range, let isInteger), .integer), (.number(let range, let isInteger), .number):
            if isInteger, value.integer == nil { throw InvalidValue("\(path) must be an integer") }
            guard let number = value.quantity, range.contains(number) else {
                throw InvalidValue("\(path) is out of range")
            }
        case (.boolean, .bool): return
        case (.object, _), (.array, _), (.string, _), (.number, _), (.boolean, _):
            throw InvalidValue("\(path) must be \(word)")
        }
    }

    private static func check(
        _ object: JSONObject, against properties: [DetailSchema.Property], at path: String
    ) throws(InvalidValue) {
        for name in object.names where !properties.contains(where: { $0.name.isExactly(name) }) {
            // The sender chose the name, so the reason doesn't reflect it.
            throw InvalidValue("\(path) has an unknown member")
        }
        for property in properties {
            guard let value = object[property.name] else {
                guard !property.isRequired else { throw InvalidValue("\(path).\(property.name) is missing") }
                continue
            }
            try property.schema.check(value, at: "\(path).\(property.name)")
        }
    }

    private static func check(
        _ text: String, of length: ClosedRange<Int>, _ format: DetailFormat?, at path: String
    ) throws(InvalidValue) {
        guard length.contains(text.unicodeScalars.count) else {
            throw InvalidValue("\(path) must have \(length.lowerBound) to \(length.upperBound) characters")
        }
        // RFC 9396 §12: the user must see what the API gets.
        guard DetailText.isShowable(text) else {
            throw InvalidValue("\(path) has a line break or an invisible character")
        }
        guard format?.fits(text) ?? true else { throw InvalidValue("\(path) must be \(format?.example ?? "")") }
    }

    private var word: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number(_, let isInteger): isInteger ? "an integer" : "a number"
        case .boolean: "true or false"
        }
    }
}

/// A `format` that is enforced.
enum DetailFormat: Sendable {
    case date, uri

    static let words: KeyValuePairs<String, DetailFormat> = ["date": .date, "uri": .uri]

    func fits(_ text: String) -> Bool {
        switch self {
        case .date: Attribute.isDate(text)
        case .uri: URIText.isPlain(text) && URL(string: text)?.scheme != nil
        }
    }

    var example: String {
        switch self {
        case .date: "a date, such as 2026-11-30"
        case .uri: "an absolute URI"
        }
    }
}

extension JSON {
    /// The value of a number.
    var quantity: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        case .null, .bool, .string, .array, .object: nil
        }
    }
}
