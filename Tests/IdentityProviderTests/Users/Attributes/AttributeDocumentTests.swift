import FoundationEssentials
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Attributes in resource files")
struct AttributeDocumentTests {
    private func set(_ json: String) throws -> ResourceSet { try ResourceSet(JSONObject(parsing: Array(json.utf8))) }

    /// Returns the mistakes as `member: reason`.
    private func mistakes(_ json: String) throws -> [String] {
        do { _ = try set(json) } catch let error as InvalidResources {
            return error.problems.map { "\($0.member): \($0.reason)" }
        }
        return []
    }

    @Test(
        "mistakes in a declaration name the member, the value and what was expected",
        arguments: [
            (#"{"name": "roles"}"#, "name: roles is a claim that a standard or Martlet defines"),
            (#"{"name": "Email_Verified"}"#, "name: Email_Verified is a claim"),
            (#"{"name": "1st"}"#, "name: must be 1 to 64 letters"),
            (
                #"{"name": "a", "type": "strng"}"#,
                "type: must be one of string, integer, number, boolean, date, url, list; did you mean string?"
            ),
            (#"{"name": "a", "user": "public"}"#, "user: must be hidden, visible or editable"),
            (#"{"name": "a", "type": "boolean", "values": ["x"]}"#, "values: needs type string or list"),
            (#"{"name": "a", "type": "date", "max_length": 3}"#, "max_length: needs type string, url or list"),
            (#"{"name": "a", "min_length": 9, "max_length": 3}"#, "min_length: must not be greater than max_length"),
            (#"{"name": "a", "max_length": 100000}"#, "max_length: must be a number from 1 to 2000"),
            (#"{"name": "a", "claims": ["x"]}"#, "claims[0]: must be an object"),
            (#"{"name": "a", "claims": [{"claim": "x"}]}"#, "claims[0].scope: is missing: name the scope"),
            (#"{"name": "a", "claims": [{"claim": "cnf", "scope": "profile"}]}"#, "claims[0].claim: cnf is a claim"),
            (#"{"name": "a", "claims": [{"scope": "a b"}]}"#, "claims[0].scope: must be one scope value"),
            (
                #"{"name": "a", "claims": [{"scope": "profile", "clients": []}]}"#,
                "claims[0].clients: must name at least one"
            ),
            (
                #"{"name": "a", "claims": [{"scopes": "profile", "scope": "x"}]}"#,
                "claims[0].scopes: is not a known member; did you mean scope?"
            ),
            (#"{"name": "a", "pattern": "(a+)+$"}"#, "pattern: is not a known member"),
        ])
    func declaration(_ json: String, _ expected: String) throws {
        let found = try mistakes(#"{"attributes": [\#(json)]}"#)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("attributes[0].\(expected)") == true, "\(found)")
    }

    @Test("two attributes can't share a name or a claim")
    func conflicts() throws {
        let found = try mistakes(
            """
            {"attributes": [{"name": "a", "claims": [{"scope": "profile"}, {"scope": "email"}]}, {"name": "a"},
             {"name": "b", "claims": [{"claim": "a", "scope": "profile"}]}]}
            """)
        #expect(
            found == [
                "attributes[1]: a is listed twice",
                "attributes[2].claims: the claim a already carries the attribute a; name another claim",
            ])
    }

    @Test("a claim of a stored attribute is refused to another one, until a file changes both or prunes")
    func storedConflicts() async throws {
        let issuer = try await TestIssuer()
        let level = #"{"name": "level", "claims": [{"scope": "profile"}]}"#
        let own = #"{"name": "own", "user": "editable", "claims": [{"claim": "level", "scope": "email"}]}"#
        _ = try await issuer.administration.apply(set(#"{"attributes": [\#(level)]}"#))
        let second = try set(
            #"{"attributes": [\#(own)], "resource_servers": [{"identifier": "https://new.example", "scopes": ["n"]}]}"#)
        for isPlan in [true, false] {
            let error = await #expect(throws: InvalidResources.self) {
                try await issuer.administration.apply(second, isPlan: isPlan)
            }
            #expect(
                error?.problems.map { "\($0.member): \($0.reason)" } == [
                    "attributes[0].claims: the claim level already carries the stored attribute level; name another "
                        + "claim, or declare level in these files without the claim"
                ])
        }
        #expect(try await issuer.stores.attributes.all().map(\.name) == ["level"])
        #expect(try await !issuer.stores.resourceServers.all().contains { $0.identifier == "https://new.example" })
        _ = try await issuer.administration.apply(set(#"{"attributes": [\#(own), {"name": "level"}]}"#))
        #expect(try await issuer.stores.attributes.all().map(\.claims.count) == [0, 1])
        // Pruning removes the one that is in the way.
        let plan = try await issuer.administration.apply(
            set(#"{"attributes": [\#(level)]}"#), isPlan: true, prunes: true)
        #expect(plan.contains { $0.action == .delete && $0.name == "own" })
    }

    @Test("a plan shows the old and new values of a declaration by the members of its file")
    func plan() async throws {
        let issuer = try await TestIssuer()
        let former = #"{"name": "team", "title": "Team", "values": ["a"], "claims": [{"scope": "profile"}]}"#
        let created = try await issuer.administration.apply(set(#"{"attributes": [\#(former)]}"#))
        #expect(
            created == [
                Change(
                    .create, "attribute", "team",
                    [
                        MemberDifference("title", from: nil, to: "Team"),
                        MemberDifference("type", from: nil, to: "string"),
                        MemberDifference("values", from: nil, to: ["a"]),
                        MemberDifference("min_length", from: nil, to: 1),
                        MemberDifference("max_length", from: nil, to: 255),
                        MemberDifference("user", from: nil, to: "hidden"),
                        MemberDifference("claims", from: nil, to: [["claim": "team", "scope": "profile"]]),
                    ])
            ])
        let new = """
            {"name": "team", "title": {"de": "Gruppe", "en": "Team"}, "type": "integer", "user": "visible",
             "claims": [{"claim": "t", "resource_servers": ["https://api.example.com"], "clients": ["web"]}]}
            """
        let plan = try await issuer.administration.apply(set(#"{"attributes": [\#(new)]}"#), isPlan: true)
        #expect(
            plan == [
                Change(
                    .update, "attribute", "team",
                    [
                        MemberDifference("title", from: "Team", to: ["de": "Gruppe", "en": "Team"]),
                        MemberDifference("type", from: "string", to: "integer"),
                        MemberDifference("values", from: ["a"], to: []),
                        MemberDifference("min_length", from: 1, to: nil),
                        MemberDifference("max_length", from: 255, to: nil),
                        MemberDifference("user", from: "hidden", to: "visible"),
                        MemberDifference(
                            "claims", from: [["claim": "team", "scope": "profile"]],
                            to: [
                                [
                                    "claim": "t", "clients": ["web"],
                                    "resource_servers": ["https://api.example.com"],
                                ]
                            ]),
                    ])
            ])
    }

    @Test("a mistake in a declaration is reported once, not for every user who has a value")
    func misdeclared() throws {
        let found = try mistakes(
            """
            {"attributes": [{"name": "team", "type": "strng"}], "users": [
                {"username": "alice", "attributes": {"team": "a"}},
                {"username": "bob", "attributes": {"team": "b", "taem": "c"}}]}
            """)
        #expect(found.count == 2 && found.first?.hasPrefix("attributes[0].type: must be one of") == true)
        #expect(found.last?.hasPrefix("users[1].attributes.taem: is not declared") == true, "\(found)")
    }

    @Test("the default hides an attribute from its user and from every client")
    func defaults() throws {
        #expect(try set(#"{"attributes": [{"name": "a"}]}"#).attributes == [Attribute(name: "a")])
        let attribute = Attribute(name: "a")
        #expect(attribute.access == .hidden && attribute.claims.isEmpty && attribute.type == .string)
    }

    @Test("warnings name scopes, clients and resource servers that the file doesn't define")
    func warnings() throws {
        let resources = try set(
            """
            {"attributes": [{"name": "team", "claims": [
                {"scope": "proflie", "clients": ["wbe"], "resource_servers": ["https://api.example/"]},
                {"scope": "read", "clients": ["web"], "resource_servers": ["https://api.example"]}]}],
             "clients": [{"client_id": "web", "token_endpoint_auth_method": "none", "grant_types": []}],
             "resource_servers": [{"identifier": "https://api.example", "scopes": ["read"]}]}
            """)
        let start = "attributes[0].claims[0]"
        #expect(
            resources.warnings().map { "\($0.member): \($0.reason)" } == [
                "\(start).scope: scope proflie: did you mean profile?",
                "\(start).clients: client wbe: did you mean web?",
                "\(start).resource_servers: resource server https://api.example/: did you mean https://api.example?",
            ])
    }

    @Test(
        "users' values are checked against the declaration",
        arguments: [
            (#"{"departement": "sales"}"#, "departement: is not declared; did you mean department?"),
            (#"{"department": "marketing"}"#, "department: must be one of sales, support"),
            (#"{"department": ["sales"]}"#, "department: must be a string"),
            (#"{"cost_center": "4711"}"#, "cost_center: must be a whole number"),
            (#"{"cost_center": 9007199254740993}"#, "cost_center: must be a whole number"),
            (#"{"skills": []}"#, "skills: must have 1 to 50 different items"),
            (#"{"skills": ["a", "a"]}"#, "skills: must have 1 to 50 different items"),
            (#"{"skills": ["a", 1]}"#, "skills: must be a list of strings"),
            (#"{"skills": ["longer than twenty characters"]}"#, "skills: must have 1 to 20 characters"),
            (#"{"hired": "2021-02-29"}"#, "hired: must be a date"),
            (#"{"hired": "29.2.2020"}"#, "hired: must be a date"),
            (#"{"remote": "yes"}"#, "remote: must be true or false"),
            (#"{"desk": "a\nb"}"#, "desk: must not have line breaks"),
        ])
    func values(_ values: String, _ expected: String) throws {
        let found = try mistakes(
            """
            {"attributes": \(AttributeCase.declarations), "users": [{"username": "alice", "attributes": \(values)}]}
            """)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("users[0].attributes.\(expected)") == true, "\(found)")
    }

    @Test(
        "a URL is a web address",
        arguments: [
            ("https://example.com/~a?b#c", true), ("http://x", true), ("HTTPS://X.example", true),
            ("javascript:alert(1)", false), ("https://", false), ("https:///x", false), ("//example.com", false),
            ("https://a b", false), ("ftp://example.com", false),
        ])
    func urls(_ text: String, isValid: Bool) {
        let attribute = Attribute(name: "blog", type: .url)
        #expect((attribute.mistake(in: .string(text)) == nil) == isValid)
    }

    @Test("a large list is refused, because tokens may carry it")
    func size() {
        let attribute = Attribute(name: "a", type: .list, length: 1...2_000)
        let items = (0..<50).map { JSON.string("\($0)" + String(repeating: "x", count: 200)) }
        #expect(attribute.mistake(in: .array(items)) == "must have at most 4096 bytes in all")
    }

    @Test("applying sets, keeps and removes values one by one, and twice changes nothing")
    func apply() async throws {
        let example = try await AttributeCase()
        let administration = example.issuer.administration
        func resources(_ values: String) throws -> ResourceSet {
            try set(
                """
                {"attributes": \(AttributeCase.declarations),
                 "users": [{"username": "alice", "attributes": \(values)}]}
                """)
        }
        #expect(try await administration.apply(resources(AttributeCase.values)).isEmpty)
        let changes = try await administration.apply(resources(#"{"department": "support", "remote": null}"#))
        #expect(
            changes == [
                Change(
                    .update, "user", "alice",
                    [
                        MemberDifference("attributes.department", from: "sales", to: "support"),
                        MemberDifference("attributes.remote", from: true, to: nil),
                    ])
            ])
        let values = try await example.alice.attributes
        #expect(values["department"] == "support" && values["remote"] == nil && values["cost_center"] == 4711)
        let pruned = try await administration.apply(
            set(#"{"users": [{"username": "alice"}, {"username": "bob"}]}"#), prunes: true)
        #expect(pruned.filter { $0.kind == "attribute" }.map(\.action) == Array(repeating: .delete, count: 6))
        #expect(try await example.issuer.stores.attributes.all().isEmpty)
        #expect(try await example.alice.attributes == values)
        let records = try await example.issuer.records("resource_changed")
        #expect(records.contains { $0.details["kind"] == "attribute" && $0.details["name"] == "hired" })
        // Values may be secret, so the log has only names.
        #expect(!records.contains { String(decoding: $0.details.serialized(), as: UTF8.self).contains("4711") })
    }
}
