import Mustache
import Testing

@Suite("mustache(5)")
struct TemplateTests {
    @Test(
        "variables are escaped unless the tag says otherwise",
        arguments: [
            ("Hello {{name}}!", "Hello &lt;Ada &amp; Bob&gt;!"), ("{{{name}}}", "<Ada & Bob>"),
            ("{{&name}} {{& name }}", "<Ada & Bob> <Ada & Bob>"), ("{{ name }}", "&lt;Ada &amp; Bob&gt;"),
            ("{{time}}", "<b>now</b>"),
            ("[{{unknown}}]", "[]"), ("{{quoted}}", "&quot;it&#39;s&quot;"), ("{{user.city.name}}", "Ulm"),
            ("[{{user.unknown.name}}]", "[]"), ("{{flag}}", "true"), ("  {{quoted}}\n", "  &quot;it&#39;s&quot;\n"),
            (
                "{{=<% %>=}}<%name%> {{name}} <%={{ }}=%>{{quoted}}",
                "&lt;Ada &amp; Bob&gt; {{name}} &quot;it&#39;s&quot;"
            ),
        ])
    func variables(template: String, expected: String) throws {
        #expect(try render(template) == expected)
    }

    @Test("text for plain-text email is not escaped")
    func plain() throws {
        let library = TemplateLibrary(["x": try Template(parsing: "{{name}}")])
        #expect(library.render("x", with: Self.data, escaping: .none) == "<Ada & Bob>")
    }

    @Test(
        "sections render once, once per item, or not at all",
        arguments: [
            ("{{#flag}}yes{{/flag}}{{^flag}}no{{/flag}}", "yes"), ("{{#off}}yes{{/off}}{{^off}}no{{/off}}", "no"),
            ("{{#unknown}}yes{{/unknown}}{{^unknown}}no{{/unknown}}", "no"),
            ("{{#none}}yes{{/none}}{{^none}}no{{/none}}", "no"), ("{{#items}}{{.}},{{/items}}", "a,b,"),
            ("{{#people}}{{name}}:{{quoted}};{{/people}}", "Cy:&quot;it&#39;s&quot;;Di:&quot;it&#39;s&quot;;"),
            ("{{#user}}{{city.name}} {{#city}}{{name}}{{/city}}{{/user}}", "Ulm Ulm"),
            ("{{#user.city}}{{name}}{{/user.city}}", "Ulm"), ("{{#empty}}[{{.}}]{{/empty}}", "[]"),
            ("{{#flag}}{{#off}}a{{/off}}{{#flag}}b{{/flag}}{{/flag}}", "b"),
            ("{{#items}}{{#people}}{{name}}{{/people}}{{.}} {{/items}}", "CyDia CyDib "),
        ])
    func sections(template: String, expected: String) throws {
        #expect(try render(template) == expected)
    }

    @Test(
        "a tag alone on its line leaves no blank line",
        arguments: [
            ("a\n{{#flag}}\nb\n{{/flag}}\nc\n", "a\nb\nc\n"), ("a\n  {{! a comment }}  \nb", "a\nb"),
            ("a {{! a comment }}\nb", "a \nb"), ("{{#flag}}{{/flag}}\nb", "\nb"),
            ("{{! first }}\r\nb\r\n", "b\r\n"), ("a\n{{#flag}}\nb\n  {{/flag}}", "a\nb\n"),
            ("{{! several\nlines }}\nb", "b"), ("{{% PRAGMA:ON}}\nb", "b"), ("{{#flag}} {{/flag}}\n", " \n"),
            ("a{{#flag}}\nb\n{{/flag}}", "a\nb\n"), ("{{^off}}\n{{#flag}}\nb\n{{/flag}}\n{{/off}}\n", "b\n"),
        ])
    func lines(template: String, expected: String) throws {
        #expect(try render(template) == expected)
    }

    @Test(
        "partials use the data and indentation of the place that includes them",
        arguments: [
            ("{{>greeting}}!", "Hi &lt;Ada &amp; Bob&gt;!"), ("{{>*chosen}}!", "Hi &lt;Ada &amp; Bob&gt;!"),
            ("[{{>unknown}}{{>*unknown}}]", "[]"), ("x\n  {{>two}}\ny\n", "x\n  one\n  <b>\nmore</b>\ny\n"),
            ("  {{quoted}}{{>two}}", "  &quot;it&#39;s&quot;one\n<b>\nmore</b>\n"),
            ("{{#people}}{{>person}}{{/people}}", "(Cy)(Di)"),
            (
                "{{>two}}\n{{>two}}\n{{#people}}\n{{>two}}\n{{/people}}\n",
                String(repeating: "one\n<b>\nmore</b>\n", count: 4)
            ),
        ])
    func partials(template: String, expected: String) throws {
        let partials = [
            "greeting": "Hi {{name}}", "two": "one\n{{{lines}}}\n", "person": "({{name}})",
        ]
        #expect(try render(template, with: partials) == expected)
    }

    @Test(
        "a template replaces blocks of its parent",
        arguments: [
            ("{{<page}}{{/page}}", "[title|nothing]"), ("{{<page}}{{$title}}T{{/title}}{{/page}}", "[T|nothing]"),
            ("{{<page}} ignored {{$content}}{{name}}{{/content}}{{/page}}", "[title|&lt;Ada &amp; Bob&gt;]"),
            // The calling template's blocks win over those of an intermediate parent.
            ("{{<form}}{{$content}}C{{/content}}{{/form}}", "[form|C]"), ("{{<form}}{{/form}}", "[form|fields]"),
            ("{{<*layout}}{{$title}}T{{/title}}{{/*layout}}", "[T|nothing]"),
            // A partial has no parent here.
            ("{{<page}}{{$content}}{{>block}}{{/content}}{{$title}}T{{/title}}{{/page}}", "[T|own]"),
            ("{{#items}}{{<page}}{{$title}}{{.}}{{/title}}{{/page}}{{/items}}", "[a|nothing][b|nothing]"),
        ])
    func parents(template: String, expected: String) throws {
        let library = [
            "page": "[{{$title}}title{{/title}}|{{$content}}nothing{{/content}}]",
            "form": "{{<page}}{{$title}}form{{/title}}{{$content}}fields{{/content}}{{/page}}",
            "block": "{{$title}}own{{/title}}",
        ]
        #expect(try render(template, with: library) == expected)
    }

    @Test("a template that includes itself stops")
    func recursion() throws {
        #expect(try render("{{>loop}}", with: ["loop": "x{{>loop}}"]).count == 64)
        let tree: [String: TemplateValue] = [
            "name": .text("a"),
            "children": .list([.object(["name": .text("b"), "children": .list([])])]),
        ]
        let library = TemplateLibrary([
            "tree": try Template(parsing: "<{{name}}{{#children}}{{>tree}}{{/children}}>")
        ])
        #expect(library.render("tree", with: tree) == "<a<b>>")
    }

    @Test("templates that multiply, or replace a block inside itself, end")
    func multiplication() throws {
        #expect(try render("{{>a}}", with: ["a": "x{{>b}}{{>b}}", "b": "y{{>a}}{{>a}}"]).count <= 10_000)
        let card = "{{<page}}{{$content}}{{<card}}{{$content}}x{{/content}}{{/card}}{{/content}}{{/page}}"
        let library = ["page": "[{{$content}}{{/content}}]", "card": "({{$content}}{{/content}})"]
        #expect(try render(card, with: library) == "[(x)]")
    }

    @Test("data is never read as a template")
    func data() throws {
        let library = TemplateLibrary(["x": try Template(parsing: "{{a}}{{{a}}}")])
        #expect(library.render("x", with: ["a": .text("{{b}}"), "b": .text("secret")]) == "{{b}}{{b}}")
    }

    @Test(
        "an error names its line",
        arguments: [
            ("a\n{{#b}}\nc", "line 2: `b` is not closed"), ("a\n\n{{/b}}\n", "line 3: `b` is closed but not open"),
            ("{{#a}}{{#b}}\n{{/a}}", "line 2: `a` is closed while `b` is open"),
            ("a\n{{b", "line 2: a tag is not closed with `}}`"), ("{{{b}}", "line 1: a tag is not closed with `}}}`"),
            ("{{=x=}}", "line 1: delimiters are set as in `{{=<% %>=}}`"),
            ("\n{{a b}}", "line 2: `a b` is not a name; names consist of letters, digits, `_`, `-` and `.`"),
            ("{{ / flag}}", "line 1: `/ flag` is not a name; names consist of letters, digits, `_`, `-` and `.`"),
            ("{{upper(a)}}", "line 1: `upper(a)` is not a name; names consist of letters, digits, `_`, `-` and `.`"),
            ("{{}}", "line 1: `` is not a name; names consist of letters, digits, `_`, `-` and `.`"),
            ("{{>a b}}", "line 1: `a b` is not the name of a template"),
            (
                "{{<p}}{{a}}{{/p}}",
                "line 1: `p` has a parent, so only its blocks are rendered; move other tags into one"
            ),
            ("{{=", "line 1: a tag is not closed with `}}`"),
            ("{{=}}", "line 1: delimiters are set as in `{{=<% %>=}}`"),
        ])
    func mistakes(template: String, expected: String) {
        let mistake = #expect(throws: InvalidMarkup.self) { try Template(parsing: template) }
        #expect(mistake?.description == expected)
    }

    private static let data: [String: TemplateValue] = [
        "name": .text("<Ada & Bob>"), "quoted": .text("\"it's\""), "empty": .text(""), "time": .markup("<b>now</b>"),
        "lines": .text("<b>\nmore</b>"),
        "flag": .flag(true), "off": .flag(false), "none": .list([]), "items": .list([.text("a"), .text("b")]),
        "chosen": .text("greeting"), "layout": .text("page"),
        "people": .list([.object(["name": .text("Cy")]), .object(["name": .text("Di")])]),
        "user": .object(["city": .object(["name": .text("Ulm")])]),
    ]

    private func render(_ text: String, with partials: [String: String] = [:]) throws -> String {
        var library = TemplateLibrary()
        for (name, text) in partials { library[name] = try Template(parsing: text) }
        library["the template"] = try Template(parsing: text)
        return try #require(library.render("the template", with: Self.data))
    }
}
