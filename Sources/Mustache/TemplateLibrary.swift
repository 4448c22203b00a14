/// Templates by name, which can include one another.
package struct TemplateLibrary: Sendable {
    private var templates: [String: Template]

    package init(_ templates: [String: Template] = [:]) { self.templates = templates }

    /// How text from the data is escaped.
    package enum Escaping: Sendable { case html, none }

    package subscript(name: String) -> Template? {
        get { templates[name] }
        set { templates[name] = newValue }
    }

    /// Renders the template, or returns `nil` if it does not exist. A missing partial renders nothing.
    package func render(_ name: String, with data: [String: TemplateValue], escaping: Escaping = .html) -> String? {
        guard let template = templates[name] else { return nil }
        var rendering = Rendering(library: self, data: data, escaping: escaping)
        rendering.render(template.nodes)
        return rendering.output
    }
}
