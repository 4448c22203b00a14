import FoundationEssentials
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9396 §2, §10: types of authorization details in resource files")
struct DetailsDeclarationTests {
    private func problems(_ declaration: String, name: String = "t") throws -> [String] {
        let json = """
            {"resource_servers": [{"identifier": "urn:a", "scopes": ["a"],
             "authorization_details_types": {"\(name)": \(declaration)}}]}
            """
        do {
            _ = try ResourceSet(JSONObject(parsing: Array(json.utf8)))
            return []
        } catch let error as InvalidResources {
            let prefix = "resource_servers[0].authorization_details_types.t."
            return error.problems.map { problem in
                let member = problem.member
                return
                    "\(member.hasPrefix(prefix) ? String(member.dropFirst(prefix.count)) : member): \(problem.reason)"
            }
        }
    }

    private func schema(_ property: String) -> String {
        #"{"schema": {"type": "object", "properties": {"p": \#(property)}}}"#
    }

    @Test(
        "a mistake in a schema is reported with its path",
        arguments: [
            ("{}", "type: is missing"),
            (#"{"type": "text"}"#, "type: must be object, array, string, number, integer or boolean"),
            (
                #"{"type": "string", "pattern": "(a+)+"}"#,
                "pattern: is not supported; use enum, format, minLength and maxLength"
            ),
            (#"{"type": "string", "maxLenght": 3}"#, "maxLenght: is not a known member; did you mean maxLength?"),
            (#"{"type": "string", "minimum": 3}"#, "minimum: is not a known member"),
            (#"{"type": "string", "minLength": 3, "maxLength": 2}"#, "minLength: must not exceed maxLength"),
            (#"{"type": "string", "maxLength": 5000}"#, "maxLength: must be a number from 0 to 1000"),
            (#"{"type": "string", "format": "email"}"#, "format: must be date or uri"),
            (#"{"type": "string", "enum": []}"#, "enum: must be a list of values"),
            (#"{"type": "string", "enum": ["a", 1]}"#, "enum[1]: must be a string"),
            (#"{"type": "string", "const": 1}"#, "const: must be a string"),
            (#"{"type": "integer", "minimum": 1e300}"#, "minimum: must be a number of at most 16 digits"),
            (#"{"type": "integer", "minimum": 2, "maximum": 1}"#, "minimum: must not exceed maximum"),
            (#"{"type": "array"}"#, "items: is missing"),
            (
                #"{"type": "array", "items": {"type": "x"}}"#,
                "items.type: must be object, array, string, number, integer or boolean"
            ),
            (
                #"{"type": "object", "additionalProperties": true}"#,
                "additionalProperties: must be false: unknown members are always refused (RFC 9396 §5)"
            ),
            (#"{"type": "object", "required": ["x"]}"#, "required[0]: is not in properties"),
            (
                #"{"type": "object", "properties": {"a.b": {"type": "string"}}}"#,
                "properties.a.b: must consist of letters, digits, _ and -"
            ),
            (#"{"type": "object", "properties": {"a": 1}}"#, "properties.a: must be an object"),
            (#"{"$ref": "https://example.com"}"#, "$ref: is not a known member"),
            (#"{"type": "string", "narrowing": "at_most"}"#, "narrowing: at_most is only for numbers"),
            (
                #"{"type": "array", "items": {"type": "string"}, "narrowing": "subset"}"#,
                "narrowing: subset is only for an array with uniqueItems: true"
            ),
            (#"{"type": "string", "narrowing": "ignored"}"#, "narrowing: must be equal, subset or at_most"),
        ])
    func mistakes(_ property: String, _ expected: String) throws {
        let problems = try problems(schema(property))
        #expect(problems.contains { $0.hasPrefix("schema.properties.p.\(expected)") }, "\(problems)")
    }

    @Test(
        "a mistake in a declaration is reported with its path",
        arguments: [
            ("{}", "schema: is missing"), (#"{"schema": {"type": "string"}}"#, "schema.type: must be object"),
            (
                #"{"schema": {"type": "object", "properties": {"type": {"type": "string"}}}}"#,
                "schema.properties.type: belongs to every type; remove it"
            ),
            (
                #"{"schema": {"type": "object", "properties": {"actions": {"type": "string"}}}}"#,
                "schema.properties.actions: must be an array of strings (RFC 9396 §2.2)"
            ),
            (
                #"{"schema": {"type": "object", "properties": {"identifier": {"type": "integer"}}}}"#,
                "schema.properties.identifier: must be a string (RFC 9396 §2.2)"
            ),
            (
                #"{"schema": {"type": "object"}, "text": "pay {amount}"}"#,
                "text: the placeholder {amount} names no member"
            ),
            (
                #"{"schema": {"type": "object", "properties": {"a": {"type": "string"}}}, "text": {"en": "pay", "de": "{a}"}}"#,
                "text: the placeholder {a} names an optional member; only required ones have a value always"
            ),
            (
                #"{"schema": {"type": "object", "required": ["a"], "properties": {"a": {"type": "object"}}}, "text": "{a}"}"#,
                "text: the placeholder {a} must name a string, a number or a list of them"
            ),
            (#"{"schema": {"type": "object"}, "text": "{a"}"#, "text: has a brace without its counterpart"),
            (#"{"schema": {"type": "object"}, "text": "a}"}"#, "text: has a brace without its counterpart"),
            (#"{"schema": {"type": "object"}, "texts": "a"}"#, "texts: is not a known member; did you mean text?"),
        ])
    func declarations(_ declaration: String, _ expected: String) throws {
        let problems = try problems(declaration)
        #expect(problems.contains(expected), "\(problems)")
    }

    @Test("a schema that is nested too deeply is a mistake")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            depth == 0
                ? #"{"type": "string"}"# : #"{"type": "object", "properties": {"p": \#(nested(depth - 1))}}"#
        }
        #expect(try problems(#"{"schema": \#(nested(4))}"#).isEmpty)
        #expect(try problems(#"{"schema": \#(nested(5))}"#).contains { $0.contains("nested too deeply") })
    }

    @Test("the name of a type is plain")
    func names() throws {
        let valid = #"{"schema": {"type": "object"}}"#
        #expect(try problems(valid, name: "https://example.com/payment").isEmpty)
        for name in ["a b", "", "ä"] {
            #expect(try problems(valid, name: name).count == 1)
        }
    }

    @Test("a type belongs to one resource server, in the files and among the stored ones")
    func shared() async throws {
        func server(_ name: String, _ types: String = "t") -> String {
            """
            {"identifier": "urn:\(name)", "scopes": ["\(name)"],
             "authorization_details_types": {"\(types)": {"schema": {"type": "object"}}}}
            """
        }
        let both = #"{"resource_servers": [\#(server("a")), \#(server("b"))]}"#
        let error = #expect(throws: InvalidResources.self) { try ResourceSet(JSONObject(parsing: Array(both.utf8))) }
        #expect(error?.problems.map(\.member) == ["resource_servers[1].authorization_details_types.t"])

        let issuer = try await TestIssuer(resources: #"{"resource_servers": [\#(server("a"))]}"#)
        let other = try ResourceSet(JSONObject(parsing: Array(#"{"resource_servers": [\#(server("b"))]}"#.utf8)))
        await #expect(throws: InvalidResources.self) { try await issuer.administration.apply(other) }
        #expect(try await issuer.administration.apply(other, prunes: true).map(\.action) == [.create, .delete])
    }

    @Test("a type of two stored servers, which only concurrent changes can make, is unknown")
    func ambiguous() throws {
        let types = try DetailsCase.catalog().servers[0].authorizationDetailsTypes
        let catalog = ResourceCatalog(
            servers: ["urn:a", "urn:b"].map {
                ResourceServer(identifier: $0, scopes: [], authorizationDetailsTypes: types)
            })
        #expect(catalog.declaration(of: "payment") == nil)
    }

    @Test("applying the same file again changes nothing; a changed declaration is a change of the resource server")
    func applied() async throws {
        let issuer = try await DetailsCase.issuer()
        let set = try ResourceSet(JSONObject(parsing: Array(DetailsCase.resources.utf8)))
        #expect(try await issuer.administration.apply(set).isEmpty)
        let stored = try await issuer.stores.resourceServers.all()
        #expect(stored.first { $0.identifier == DetailsCase.payments } == set.resourceServers[0])
        let changed = DetailsCase.resources.replacing(#""maxLength": 70"#, with: #""maxLength": 140"#)
        let changes = try await issuer.administration.apply(ResourceSet(JSONObject(parsing: Array(changed.utf8))))
        #expect(changes.map(\.members) == [["authorization_details_types"]])
        #expect(changes[0].differences[0].new?.object?["payment"]?.object?["title"] != nil)
    }

    @Test("RFC9396-008: a client that registers a type nobody declares gets a warning")
    func warnings() throws {
        let text = DetailsCase.resources.replacing(#"["payment", "folder"]"#, with: #"["payments", "folder"]"#)
        let warnings = try ResourceSet(JSONObject(parsing: Array(text.utf8))).warnings()
        #expect(warnings.map(\.member) == ["clients[0].authorization_details_types"])
        #expect(warnings.first?.reason == "type payments: did you mean payment?")
    }
}
