import JOSE

/// Describes authorization details for users.
extension ResourceCatalog {
    /// Returns the entries of the details that `server` gets. They look like those of scopes, so that templates that don't
    /// know details show their texts as well.
    /// `name` is that of the server, for entries outside of its group.
    func entries(
        _ details: AuthorizationDetails?, at server: ResourceServer, namedBy name: Page.Value? = nil
    ) -> [Page.Value] {
        (self.details(details, at: [server])?.items ?? []).compactMap { detail in
            guard var entry = declaration(of: detail.type)?.type.entry(detail) else { return nil }
            entry["server"] = name
            return .object(entry)
        }
    }
}

extension AuthorizationDetailsType {
    /// Everything that is granted is shown: in the text, or in the list below it.
    fileprivate func entry(_ detail: AuthorizationDetail) -> [String: Page.Value] {
        var entry: [String: Page.Value] = ["scope": .text(name), "is_other": true]
        entry["description"] =
            Page.Value(text?.filled(with: detail.members), texts.mapValues { $0.filled(with: detail.members) })
            ?? title.map(\.shown)
        let rows = schema.rows(.object(detail.members), at: [], below: [], besides: shownPaths)
        guard !rows.isEmpty else { return entry }
        return entry.merging(["members": .list(rows), "has_members": true]) { $1 }
    }

    /// The paths of the members that the text shows in every language.
    private var shownPaths: Set<[String]> {
        texts.values.reduce(Set(text?.paths ?? [])) { $0.intersection($1.paths) }
    }
}

extension DetailSchema {
    /// Returns a row for each string, number or boolean in `value`, or list of them. `titles` are those of the members
    /// that contain it.
    fileprivate func rows(
        _ value: JSON, at path: [String], below titles: [Page.Value], besides shown: Set<[String]>
    ) -> [Page.Value] {
        guard !shown.contains(path) else { return [] }
        switch (kind, value) {
        case (.object(let properties), .object(let object)) where !object.isEmpty:
            return properties.flatMap { property -> [Page.Value] in
                guard let member = object[property.name] else { return [] }
                return property.schema.rows(
                    member, at: path + [property.name], below: titles + [property.shownTitle], besides: shown)
            }
        case (.array(let items, _, _), .array(let values)) where !items.isSimple && !values.isEmpty:
            return values.enumerated().flatMap { index, value in
                items.rows(value, at: path + ["\(index)"], below: titles + [.text("\(index + 1)")], besides: shown)
            }
        default: return path.isEmpty ? [] : [Self.row(value, titles)]
        }
    }

    private static func row(_ value: JSON, _ titles: [Page.Value]) -> Page.Value {
        let values: [Page.Value] = (value.array ?? [value]).compactMap { value in
            switch value {
            case .bool(let flag): return flag ? ["is_yes": true] : ["is_no": true]
            case .object, .array, .null, .string(""): return nil
            case .string, .integer, .number: return ["value": .text(DetailText.shown(value))]
            }
        }
        return [
            "titles": .list(titles.map { ["title": $0] }), "values": .list(values),
            "has_values": .flag(!values.isEmpty),
        ]
    }

    private var isSimple: Bool { if case .boolean = kind { true } else { isTextual } }
}

extension DetailSchema.Property {
    fileprivate var shownTitle: Page.Value { schema.title?.shown ?? .text(name) }
}

extension TranslatedText {
    fileprivate var shown: Page.Value {
        translations.isEmpty ? .text(text) : .translated(translations, otherwise: text)
    }
}
