import FoundationEssentials
package import JOSE

/// A type of authorization details that a resource server declares (RFC 9396 §2.1). The initializer validates the
/// declaration.
package struct AuthorizationDetailsType: Sendable {
    /// The value of `type`.
    package let name: String
    /// What the consent page calls the access; `nil` for the name.
    let title: TranslatedText?
    /// What the consent page says about the members, by language and for all other languages.
    let texts: [String: DetailText]
    let text: DetailText?
    /// The members besides `type`.
    let schema: DetailSchema
    /// What the type was created from, as it is stored.
    package let declaration: JSONObject

    package init(_ name: String, _ declaration: JSONObject) throws(InvalidDocument) {
        var reader = DocumentReader(declaration)
        if !Scope.isValue(name) || name.utf8.count > 255 {
            reader.report("", "must be 1 to 255 printable ASCII characters without spaces, quotes or backslashes")
        }
        title = reader.translated("title")
        let parsed = reader.nested("schema") { schema throws(InvalidDocument) in try DetailSchema(schema) }
        let schema = parsed ?? .empty
        if declaration["schema"] == nil { reader.report("schema", "is missing") }
        let text = reader.translated("text")
        self.text = Self.parse(text?.text, at: "text", &reader)
        texts = (text?.translations ?? [:]).compactMapValues { Self.parse($0, at: "text", &reader) }
        reader.refuseUnknown()
        schema.checkMembers(&reader)
        let paths = Set(texts.values.flatMap(\.paths) + (self.text?.paths ?? []))
        for path in paths.sorted(by: { $0.lexicographicallyPrecedes($1) }) where parsed != nil {
            if let reason = schema.reasonAgainst(placeholder: path) {
                reader.report("text", "the placeholder {\(path.joined(separator: "."))} \(reason)")
            }
        }
        try reader.finish()
        (self.name, self.schema, self.declaration) = (name, schema, declaration)
    }

    private static func parse(_ text: String?, at member: String, _ reader: inout DocumentReader) -> DetailText? {
        guard let text else { return nil }
        do throws(InvalidValue) { return try DetailText(text) } catch {
            reader.report(member, error.reason)
            return nil
        }
    }
}

extension AuthorizationDetailsType: Hashable {
    package static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.declaration == right.declaration
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// Stored as the text of an object with the name and its declaration.
extension AuthorizationDetailsType: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let stored = try JSONObject(parsing: Array(container.decode(String.self).utf8), maximumDepth: 64)
        guard let name = stored.names.first, let declaration = stored[name]?.object else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a declaration")
        }
        try self.init(name, declaration)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(String(decoding: document.serialized(), as: UTF8.self))
    }

    /// The type as its entry in a resource file.
    package var document: JSONObject { JSONObject([(name, .object(declaration))]) }
}
