import JOSE
import TestSupport
import Testing

@testable import martlet

@Suite("Strict YAML 1.2")
struct YAMLReaderTests {
    @Test("plain scalars follow the core schema, and all others are strings")
    func scalars() throws {
        let text = """
            a: true
            b: 'true'
            c: 12
            d: "12"
            e: ~
            f:
            g: 012
            h: yes
            i: |
              two
              lines
            j: [1, x, null]
            k: {l: {m: ü}}
            """
        let expected = #"""
            {"a": true, "b": "true", "c": 12, "d": "12", "e": null, "f": null, "g": 12, "h": "yes", "i": "two\nlines\n",
             "j": [1, "x", null], "k": {"l": {"m": "ü"}}}
            """#
        let value = try YAMLReader.read(text, path: "x").value
        #expect(value?.object == (try JSONObject(parsing: Array(expected.utf8))))
    }

    @Test("each member has its line number")
    func lines() throws {
        let text = "# comment\na: 1\nb:\n  - c: 2\n  - - d\n    - e: {f: 3}\n"
        let lines = try YAMLReader.read(text, path: "x").lines
        #expect(
            lines == [
                "a": 2, "b": 4, "b[0]": 4, "b[0].c": 4, "b[1]": 5, "b[1][0]": 5, "b[1][1]": 6, "b[1][1].e": 6,
                "b[1][1].e.f": 6,
            ])
    }

    @Test("an alias repeats the value of its anchor")
    func alias() throws {
        let value = try YAMLReader.read("a: &x {b: 1}\nc: *x\n", path: "x").value
        #expect(value?.object == (try JSONObject(parsing: Array(#"{"a": {"b": 1}, "c": {"b": 1}}"#.utf8))))
    }

    @Test(
        "a merge key adds the members of other mappings; the mapping's own, and then earlier ones, take precedence",
        arguments: [
            ("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}", #"{"x": 1, "y": 3}"#),
            ("a: &a {x: 1, y: 2}\nb: {y: 3, <<: *a}", #"{"x": 1, "y": 3}"#),
            ("a: [&a {x: 1, y: 1}, &c {y: 2, z: 2}]\nb: {<<: [*a, *c], w: 0}", #"{"w": 0, "x": 1, "y": 1, "z": 2}"#),
            ("a: &a {x: 1}\nc: &c {<<: *a, y: 2}\nb: {<<: *c}", #"{"x": 1, "y": 2}"#),
            ("b: {<<: {x: 1}}", #"{"x": 1}"#), ("b: {'<<': {x: 1}}", #"{"<<": {"x": 1}}"#),
            // A member replaces another as a whole.
            ("a: &a {x: {y: 1}}\nb: {<<: *a, x: {z: 2}}", #"{"x": {"z": 2}}"#),
        ])
    func merge(text: String, expected: String) throws {
        let value = try YAMLReader.read(text, path: "x").value
        #expect(value?.object?["b"]?.object == (try JSONObject(parsing: Array(expected.utf8))))
    }

    @Test("a merged member has the line where it is written")
    func mergedLines() throws {
        let text = "a: &a\n  x: 1\n  y: 2\nb:\n  <<: *a\n  y: 3\n"
        let lines = try YAMLReader.read(text, path: "x").lines
        #expect([lines["b"], lines["b.x"], lines["b.y"]] == [5, 2, 6])
    }

    @Test("a file with only comments has no value", arguments: ["", "# nothing\n", "\n\n"])
    func empty(text: String) throws {
        #expect(try YAMLReader.read(text, path: "x").value == nil)
    }

    @Test(
        "errors name the line",
        arguments: [
            ("a: 1\na: 2\n", "x:2: duplicate key a"), ("a: [1\nb: 2\n", "x:2: not valid YAML: "),
            ("a: 1\nb: 2\nc: \u{7}", "x:3: not valid YAML: "),
            ("a: &x 1\nb: &x 2\n", "x:2: not valid YAML: found duplicate anchor"),
            ("a:\n\t- 1\n", "x:2: not valid YAML: "), ("a: 1\n---\nb: 2\n", "x: contains more than one YAML document"),
            ("a: 1\n---\n{", "x:4: not valid YAML: "), ("[a]: 1\n", "x:1: a key must be a string"),
            ("a: *x\n", "x:1: not valid YAML: "), ("a: {<<: 1}\n", "x:1: << takes a mapping, or a list of mappings"),
            ("a: {<<: [{}, x]}\n", "x:1: << takes a mapping, or a list of mappings"),
            ("a: {<<: {}, <<: {}}\n", "x:1: duplicate key <<"),
            ("a: &x {<<: *x}\n", "x:1: nested more than 32 levels deep"),
            ("a: &x [*x]\n", "x:1: nested more than 32 levels deep"),
        ])
    func mistakes(text: String, expected: String) {
        let mistakes = #expect(throws: Mistakes.self) { try YAMLReader.read(text, path: "x") }
        #expect(mistakes?.lines.count == 1)
        #expect(mistakes?.lines.first?.hasPrefix(expected) == true, "\(mistakes?.lines ?? [])")
    }

    @Test("aliases can't expand a small file into a large one")
    func laughs() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let mistakes = #expect(throws: Mistakes.self) { try YAMLReader.read(text, path: "x") }
        #expect(mistakes?.lines.count == 1)
        #expect(mistakes?.lines.first?.hasSuffix("aliases add more than 100000 values") == true)
    }

    @Test("merge keys can't either")
    func mergedLaughs() {
        let members = (0..<10).map { "k\($0): [x, x, x, x, x, x, x, x, x, x]" }.joined(separator: ", ")
        var text = "a0: &a0 {\(members)}\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) {<<: [\(aliases)]}\n"
        }
        let mistakes = #expect(throws: Mistakes.self) { try YAMLReader.read(text, path: "x") }
        #expect(mistakes?.lines.count == 1)
        #expect(mistakes?.lines.first?.hasSuffix("aliases add more than 100000 values") == true)
    }

    @Test("a large file without aliases is read")
    func large() throws {
        let text = (0..<30_000).map { "- {a: \($0), b: [x, y]}\n" }.joined()
        guard case .array(let items)? = try YAMLReader.read(text, path: "x").value else {
            throw Unexpected("not a sequence")
        }
        #expect(items.count == 30_000)
    }
}
