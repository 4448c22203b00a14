import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Users see and edit only the attributes that are theirs to see and edit")
struct AttributePageTests {
    private func profile(_ example: AttributeCase, _ browser: Browser) async throws -> Page {
        let page = try await browser.get("/account/profile").page()
        return try await browser.submit(page, [("username", "alice"), ("password", "correct horse")]).page()
    }

    @Test("the profile page shows visible attributes, has fields for editable ones, and hides the others")
    func shown() async throws {
        let example = try await AttributeCase()
        let page = try await profile(example, Browser(example.issuer))
        #expect(page.template == "profile")
        #expect(page.list("facts").map { $0["value"] } == ["sales"])
        let fields = page.list("attributes")
        #expect(
            fields.map { $0["field"] } == [
                "attribute_desk", "attribute_hired", "attribute_remote", "attribute_skills",
            ])
        #expect(fields.map { $0["value"] } == ["", "2020-02-29", "true", "juggling\nchess"])
        #expect(!"\(page.data)".contains("4711") && !"\(page.data)".contains("cost_center"))
    }

    @Test("a user changes editable attributes; an empty field removes the value, a missing one keeps it")
    func edit() async throws {
        let example = try await AttributeCase()
        let browser = Browser(example.issuer)
        let page = try await profile(example, browser)
        example.issuer.clock.advance(by: 1)
        let next = try await browser.submit(
            page,
            [
                ("name", "Alice Liddell"), ("attribute_skills", " chess \n\n  go  fast\n"),
                ("attribute_remote", "false"), ("attribute_hired", ""),
            ]
        ).page()
        #expect(next.template == "account")
        let values = try await example.alice.attributes
        #expect(values["skills"] == ["chess", "go fast"] && values["remote"] == false && values["hired"] == nil)
        #expect(values["department"] == "sales" && values["cost_center"] == 4711)
        let changed = try await example.issuer.records("profile_changed").first?.details["members"]?.array
        #expect(changed.map(Set.init) == ["attributes.skills", "attributes.hired", "attributes.remote"])
    }

    @Test("a value that no longer fits its declaration is not shown, and a changed name leaves it alone")
    func retyped() async throws {
        let example = try await AttributeCase()
        try await example.declare(
            """
            [{"name": "skills", "type": "list", "values": ["chess"], "user": "editable"},
             {"name": "remote", "type": "integer", "user": "editable"},
             {"name": "hired", "user": "visible", "values": ["x"]}]
            """)
        let browser = Browser(example.issuer)
        let page = try await profile(example, browser)
        #expect(page.list("attributes").map { $0["value"] } == ["", "", ""])
        #expect(page.list("facts").map { $0["value"] } == ["sales"])
        let before = try await example.alice.attributes
        let form = [("name", "Alice Liddell"), ("attribute_skills", ""), ("attribute_remote", "")]
        #expect(try await browser.submit(page, form).page().template == "account")
        #expect(try await example.alice.attributes == before && before["remote"] == true)
        // A value that fits replaces it.
        let again = try await browser.get("/account/profile").page()
        _ = try await browser.submit(again, [("name", "Alice"), ("attribute_remote", "3")])
        #expect(try await example.alice.attributes["remote"] == 3)
    }

    @Test("a declared choice is saved as it is, and an unchanged field keeps its value")
    func spaces() async throws {
        let example = try await AttributeCase()
        try await example.declare(
            """
            [{"name": "site", "values": ["Floor  2", "Floor 3"], "user": "editable"},
             {"name": "sites", "type": "list", "values": ["Floor  2", "Floor 3"], "user": "editable"},
             {"name": "motto", "user": "editable"}]
            """, values: #"{"motto": "so  it  goes"}"#)
        let browser = Browser(example.issuer)
        let page = try await profile(example, browser)
        let form = [
            ("name", "Alice"), ("attribute_site", "Floor  2"), ("attribute_sites", "Floor 3\r\nFloor  2"),
            ("attribute_motto", "so  it  goes"),
        ]
        #expect(try await browser.submit(page, form).page().template == "account")
        let values = try await example.alice.attributes
        #expect(values["site"] == "Floor  2" && values["sites"] == ["Floor 3", "Floor  2"])
        #expect(values["motto"] == "so  it  goes")
    }

    @Test("a crafted form changes neither hidden nor visible nor undeclared attributes")
    func crafted() async throws {
        let example = try await AttributeCase()
        let browser = Browser(example.issuer)
        let page = try await profile(example, browser)
        let before = try await example.alice
        _ = try await browser.submit(
            page,
            [
                ("name", "Alice Liddell"), ("attribute_department", "support"), ("attribute_cost_center", "1"),
                ("attribute_admin", "true"), ("department", "support"), ("cost_center", "1"),
                ("attributes", #"{"cost_center": 1}"#), ("attribute_", "x"), ("attribute_sub", "x"),
            ])
        #expect(try await example.alice.attributes == before.attributes)
        // Without the form token of the browser, nothing changes at all.
        let forged = try await browser.request(.post, "/account/profile", form: [("attribute_remote", "false")])
        #expect(forged.status == .forbidden)
        #expect(try await example.alice.attributes == before.attributes)
    }

    @Test(
        "an invalid value is refused, marked, and shown again",
        arguments: [
            ("attribute_hired", "2021-02-30"), ("attribute_desk", "too long"), ("attribute_remote", "maybe"),
            ("attribute_skills", String(repeating: "x", count: 21)),
        ])
    func invalid(_ field: String, _ text: String) async throws {
        let example = try await AttributeCase()
        let browser = Browser(example.issuer)
        let page = try await profile(example, browser)
        let before = try await example.alice
        let again = try await browser.submit(page, [("name", "Other"), (field, text)]).page()
        #expect(again.hasError("attribute"))
        let marked = again.list("attributes").filter { $0["is_invalid"] == true }
        #expect(marked.map { $0["field"] } == [.text(field)] && marked.first?["value"] == .text(text))
        #expect(try await example.alice == before)
    }

    @Test("an attribute that stops being editable while the page is open isn't written")
    func withdrawn() async throws {
        let example = try await AttributeCase()
        let browser = Browser(example.issuer)
        let page = try await profile(example, browser)
        try await example.declare(#"[{"name": "remote", "type": "boolean", "user": "visible"}]"#)
        _ = try await browser.submit(page, [("name", "Alice Liddell"), ("attribute_remote", "false")])
        #expect(try await example.alice.attributes["remote"] == true)
    }

    @Test("the personal data has all values, those hidden from pages included (GDPR Article 15)")
    func personalData() async throws {
        let example = try await AttributeCase()
        let document = try await PersonalData(example.issuer.core).document(of: example.alice)
        #expect(document["attributes"]?.object == (try await example.alice.attributes))
        #expect(document["attributes"]?.object?["cost_center"] == 4711)
    }

    @Test("the first-party API returns what the user may see")
    func firstParty() async throws {
        let frontEnd = try await FrontEnd()
        try await frontEnd.issuer.apply(
            """
            {"attributes": \(AttributeCase.declarations),
             "users": [{"username": "alice", "attributes": \(AttributeCase.values)}]}
            """)
        frontEnd.issuer.core.attributes.clear()
        let token = try await frontEnd.login()["access_token"]?.string
        let profile = try await frontEnd.get("self", token).json()
        #expect(
            profile["attributes"] == [
                "department": "sales", "hired": "2020-02-29", "remote": true, "skills": ["juggling", "chess"],
            ])
    }
}
