/// Templates by name, which can use one another.
package struct TemplateLibrary: Sendable {
    private var templates: [String: Template]

    package init(_ templates: [String: Template] = [:]) { self.templates = templates }

    /// How text from the data is written.
    package enum Escaping: Sendable { case html, none }

    package subscript(name: String) -> Template? {
        get { templates[name] }
        set { templates[name] = newValue }
    }

    /// Renders the template with that name, or returns nil if there is none. A partial that does not exist renders nothing.
    package func render(_ name: String, with data: [String: TemplateValue], escaping: Escaping = .html) -> String? {
        guard let template = templates[name] else { return nil }
        var rendering = Rendering(library: self, data: data, escaping: escaping)
        rendering.render(template.nodes)
        return rendering.output
    }
}
