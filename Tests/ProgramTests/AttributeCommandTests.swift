import Foundation
import JOSE
import TestSupport
import Testing

@Suite("Attributes at the command line")
struct AttributeCommandTests {
    private static let resources = """
        attributes:
          - name: department
            title: {en: Department, de: Abteilung}
            values: [sales, support]
            claims: [{scope: profile}]
          - {name: hired, type: date}
        users:
          - username: alice
            password: correct horse
            attributes: {department: sales, hired: 2020-02-29}
        """

    @Test("check reports a misspelled attribute, a wrong value and an unknown scope at once")
    func check() async throws {
        let folder = try Folder()
        try folder.write(
            "resources.yaml",
            Self.resources.replacing("department: sales", with: "departement: sales")
                .replacing("2020-02-29", with: "yesterday"))
        let (code, output) = try await RunningProgram.run(["check", "resources.yaml"], in: folder.url)
        #expect(code == 78)
        #expect(output.contains("attributes.departement: is not declared; did you mean department?"))
        #expect(output.contains("attributes.hired: must be a date, such as 2026-11-30"))
        try folder.write("resources.yaml", Self.resources.replacing("scope: profile", with: "scope: proflie"))
        let warned = try await RunningProgram.run(["check", "resources.yaml"], in: folder.url)
        #expect(warned.code == 0 && warned.output.contains("scope proflie: did you mean profile?"), "\(warned.output)")
    }

    @Test("apply stores declarations and values, a second run changes nothing, and user show shows the values")
    func apply() async throws {
        let folder = try Folder()
        try folder.write("resources.yaml", Self.resources)
        let first = try await RunningProgram.run(["apply", "resources.yaml"], in: folder.url)
        #expect(first.code == 0 && first.output.contains("+ attribute department"), "\(first.output)")
        let plan = ["apply", "resources.yaml", "--plan"]
        #expect(try await RunningProgram.run(plan, in: folder.url).code == 0)
        let show = ["user", "show", "alice", "--output", "json"]
        let shown = try await RunningProgram.separated(show, in: folder.url).result
        let document = try JSONObject(parsing: Array(shown.utf8))
        #expect(document["attributes"] == ["department": "sales", "hired": "2020-02-29"])
        try folder.write("resources.yaml", Self.resources.replacing("department: sales", with: "department: support"))
        let changed = try await RunningProgram.run(plan, in: folder.url)
        #expect(changed.code == 2 && changed.output.contains("attributes.department"), "\(changed.output)")
        try folder.write("resources.yaml", Self.resources.replacing("[sales, support]", with: "[sales]"))
        let declared = try await RunningProgram.run(plan, in: folder.url)
        #expect(declared.code == 2 && declared.output.contains("~ attribute department (values)"))
        #expect(declared.output.contains(/values: .*support.* → .*sales/), "\(declared.output)")
        try folder.write("other.yaml", "attributes:\n  - {name: own, claims: [{claim: department, scope: email}]}\n")
        let refused = try await RunningProgram.run(["apply", "other.yaml"], in: folder.url)
        #expect(refused.code == 78, "\(refused.output)")
        #expect(refused.output.contains("other.yaml:2"), "\(refused.output)")
        #expect(refused.output.contains("the claim department already carries the stored attribute department"))
    }
}
