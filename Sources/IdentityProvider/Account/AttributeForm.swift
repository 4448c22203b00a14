import JOSE

/// The attributes of a user on their profile page: those they may see, and the fields of those they may edit.
struct AttributeForm: Sendable {
    private let shown: [Attribute]
    private let stored: JSONObject

    init(of user: User, in catalog: AttributeCatalog) {
        shown = catalog.attributes.filter { $0.access != .hidden }
        stored = user.attributes
    }

    private var editable: [Attribute] { shown.filter { $0.access == .editable } }

    /// Returns the user's attributes with the values of the form, or `nil` if one is invalid. Only attributes that are
    /// declared editable are read from the form, whatever it contains. A field that is missing or as it was shown changes
    /// nothing, and an empty one removes the value.
    func values(in parameters: Parameters) -> JSONObject? {
        var values = stored
        for attribute in editable where parameters.names.contains(Self.field(attribute)) {
            let typed = Self.typed(attribute, in: parameters)
            guard typed ?? "" != storedText(of: attribute) else { continue }
            guard let typed else {
                values[attribute.name] = nil
                continue
            }
            guard let value = attribute.value(typed: typed) else { return nil }
            values[attribute.name] = value
        }
        return values
    }

    /// Returns the names of the attributes that differ from the stored ones.
    func changes(to values: JSONObject) -> [String] {
        Scope(stored.names + values.names).values.filter { stored[$0] != values[$0] }
    }

    /// `typed` is a form that was refused. The page shows it again and marks what is invalid.
    func show(on page: inout Page, typed: Parameters?) {
        let facts = shown.filter { $0.access == .visible }.compactMap { attribute in
            value(of: attribute).map { fact(attribute, $0) }
        }
        page.data["facts"] = .list(facts)
        page.data["has_facts"] = .flag(!facts.isEmpty)
        page.data["attributes"] = .list(editable.map { field(of: $0, typed: typed) })
    }

    /// The stored value, unless it no longer fits the declaration.
    private func value(of attribute: Attribute) -> JSON? {
        stored[attribute.name].flatMap { attribute.mistake(in: $0) == nil ? $0 : nil }
    }

    /// The text that the field shows first.
    private func storedText(of attribute: Attribute) -> String { value(of: attribute).map(attribute.text) ?? "" }

    private func fact(_ attribute: Attribute, _ value: JSON) -> Page.Value {
        let text = value.array.map { $0.compactMap(\.string).joined(separator: ", ") } ?? Claims.text(value)
        return [
            "title": attribute.shownTitle, "value": .text(value.bool == nil ? text : ""),
            "is_true": .flag(value.bool == true), "is_false": .flag(value.bool == false),
        ]
    }

    private func field(of attribute: Attribute, typed: Parameters?) -> Page.Value {
        let text = if let typed { Self.typed(attribute, in: typed) ?? "" } else { storedText(of: attribute) }
        let isInvalid = typed != nil && !text.isEmpty && attribute.value(typed: text) == nil
        return [
            "field": .text(Self.field(attribute)), "title": attribute.shownTitle, "value": .text(text),
            Self.input(for: attribute): true, "max_length": .text(String(attribute.maximumLength)),
            "hint": .text("text.attribute_hint_\(attribute.type.rawValue)"),
            "is_invalid": .flag(isInvalid),
            "choices": .list(
                Self.choices(of: attribute).map { choice in
                    [
                        "value": .text(choice), "is_chosen": .flag(choice == text),
                        "is_true": .flag(attribute.type == .boolean && choice == "true"),
                        "is_false": .flag(attribute.type == .boolean && choice == "false"),
                    ]
                }),
        ]
    }

    private static func field(_ attribute: Attribute) -> String { "attribute_\(attribute.name)" }

    private static func typed(_ attribute: Attribute, in parameters: Parameters) -> String? {
        parameters[field(attribute)].flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
    }

    /// The kind of input in the template.
    private static func input(for attribute: Attribute) -> String {
        switch attribute.type {
        case .string: attribute.values.isEmpty ? "is_text" : "is_choice"
        case .boolean: "is_choice"
        case .integer, .number: "is_number"
        case .date: "is_date"
        case .url: "is_url"
        case .list: "is_lines"
        }
    }

    private static func choices(of attribute: Attribute) -> [String] {
        switch attribute.type {
        case .string: attribute.values
        case .boolean: ["true", "false"]
        default: []
        }
    }

}
