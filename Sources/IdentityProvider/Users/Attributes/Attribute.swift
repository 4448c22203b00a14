/// A property of users that the operator declares, such as a department. Users carry its values in `User.attributes`.
package struct Attribute: Sendable, Hashable, Codable {
    /// The type of its values.
    package enum ValueType: String, Sendable, Codable, CaseIterable {
        case string = "string"
        /// A whole number that every JSON parser represents exactly (RFC 8259 §6).
        case integer = "integer"
        case number = "number"
        case boolean = "boolean"
        /// A day: `2026-11-30` (RFC 3339 §5.6, `full-date`).
        case date = "date"
        /// A web address.
        case url = "url"
        /// A list of strings.
        case list = "list"
    }

    /// What users may do with their own value, on their pages and through the first-party API.
    package enum Access: String, Sendable, Codable, CaseIterable {
        case hidden = "hidden"
        case visible = "visible"
        case editable = "editable"
    }

    package let name: String
    /// The label on pages; `nil` for the name.
    package var title: String?
    /// The labels in other languages, by language tag (RFC 5646).
    package var titles: [String: String]
    package var type: ValueType
    /// The only values of a string or of the items of a list; empty for any.
    package var values: [String]
    /// In characters, of a string, a URL or each item of a list.
    package var minimumLength: Int
    package var maximumLength: Int
    package var access: Access
    /// The claims that carry its value. Without any, no client and no API learns it.
    package var claims: [AttributeClaim]

    private enum CodingKeys: String, CodingKey {
        case name, title, titles, type, values, minimumLength, maximumLength, access, claims
    }

    package init(
        name: String, title: String? = nil, titles: [String: String] = [:], type: ValueType = .string,
        values: [String] = [], length: ClosedRange<Int> = Attribute.defaultLength, access: Access = .hidden,
        claims: [AttributeClaim] = []
    ) {
        self.name = name
        self.title = title
        self.titles = titles
        self.type = type
        self.values = values
        minimumLength = length.lowerBound
        maximumLength = length.upperBound
        self.access = access
        self.claims = claims
    }

    package static let defaultLength = 1...255

    /// The label on pages.
    var shownTitle: Page.Value {
        titles.isEmpty ? .text(title ?? name) : .translated(titles, otherwise: title ?? name)
    }
}

package protocol AttributeStore: Sendable {
    /// Returns all attributes, sorted by name.
    func all() async throws -> [Attribute]
    /// Inserts or replaces `attribute`.
    func save(_ attribute: Attribute) async throws
    /// Deletes the declaration. Values that users carry stay, but nobody gets them.
    func delete(_ name: String) async throws
}
