/// The data of a template.
package enum TemplateValue: Sendable, Equatable {
    case text(String)
    /// Text that is already in the output format and is not escaped.
    case markup(String)
    case flag(Bool)
    case list([TemplateValue])
    case object([String: TemplateValue])

    /// Whether a section renders nothing: `false` and the empty list (mustache(5), "False Values or Empty Lists").
    var isFalsy: Bool {
        switch self {
        case .flag(let flag): !flag
        case .list(let items): items.isEmpty
        case .text, .markup, .object: false
        }
    }

    var text: String {
        switch self {
        case .text(let text), .markup(let text): text
        case .flag(let flag): flag ? "true" : "false"
        case .list, .object: ""
        }
    }

    subscript(name: String) -> TemplateValue? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }
}
