import Foundation
import TestSupport
import Testing

@Suite("The map of requirements matches the sources and tests")
struct RequirementMapTests {
    private static let test = "Tests/DoorTests/DoorTests.swift"
    private static let sound = [
        "Conformance/requirements.csv": """
        id,spec,section,level,requirement
        D-001,D,1,MUST,"Doors open, and close"
        D-002,D,2,MUST,A | B
        D-003,D,3,MUST,Doors ring
        D-004,D,4,MAY,Doors sing

        """,
        "docs/requirements.md": """
        | requirement | text | implemented in | shown by |
        |---|---|---|---|
        | D-001 | Doors open, and close | `IP/Hall/Door.swift` | `DoorTests.swift` "it opens…"; `door-module`; `gate-of-iron` |
        | D-002 | A \\| B | `Door.swift`, `bell.js` | `DoorTests.swift` |

        """,
        "docs/deviations.md": "| requirements | reason |\n|---|---|\n| D-003 to D-004 | There is no bell. |\n",
        "Sources/IdentityProvider/Hall/Door.swift": "", "Sources/IdentityProvider/bell.js": "",
        "Conformance/Sources/Conformance/Modules/Doors.swift":
            #"Module("door-module") {}; Module("gate-\(name)"); "of-iron""#,
        test: """
        @Test("it opens and closes") func open() {}
        @Test(
            "D-007 D-002: it has two sides", arguments: ["it opens"]) func sides() {}
        """,
    ]

    /// Checks the sound project with one text replaced.
    private func check(_ file: String, _ old: String, _ new: String) async throws -> (code: Int32, errors: String) {
        let folder = try Folder()
        for (name, text) in Self.sound {
            let path = folder.url.appending(path: name)
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            #expect(name != file || text.contains(old), "\(name)")
            try Data((name == file ? text.replacing(old, with: new) : text).utf8).write(to: path)
        }
        return try await CheckScript.run("requirements", on: folder.url)
    }

    @Test("docs/requirements.md and docs/deviations.md have every row, and all that they name exists")
    func present() async throws {
        let (code, errors) = try await CheckScript.run("requirements")
        #expect(code == 0, "\(errors)")
    }

    @Test("files are named with or without a folder, tests by their title, its beginning or the row's identifier")
    func references() async throws {
        let (code, errors) = try await check("", "", "")
        #expect(code == 0 && errors.isEmpty, "\(errors)")
    }

    @Test(
        "a mistake is reported with its line or row, and with what to do",
        arguments: [
            (
                "docs/deviations.md", "D-003 to D-004", "D-003",
                "D-004: is in neither document; say in docs/requirements.md"
            ),
            (
                "docs/deviations.md", "D-003 to", "D-002 to",
                "D-002: is listed 2 times (docs/deviations.md, docs/requirements.md)"
            ),
            (
                "docs/deviations.md", "D-003 to D-004", "D-003 to D-005",
                "docs/deviations.md:3: D-005 is not in Conformance"
            ),
            (
                "docs/deviations.md", "D-003 to D-004", "D-004 to D-003",
                "D-004 to D-003 is not a range of one specification"
            ),
            ("docs/deviations.md", "There is no bell.", "", "docs/deviations.md:3: has no reason"),
            ("docs/requirements.md", "D-001", "D-009", "docs/requirements.md:3 (D-009): D-009 is not in Conformance"),
            (
                "docs/requirements.md", "open, and", "open and",
                "(D-001): differs from Conformance/requirements.csv; write: Doors"
            ),
            (
                "docs/requirements.md", "Hall/Door", "Shed/Door",
                "(D-001): IP/Shed/Door.swift is not one file below Sources/"
            ),
            ("docs/requirements.md", "`IP/Hall/Door.swift`", "", "(D-001): names no source file"),
            ("docs/requirements.md", "it opens…", "it opens", "(D-001): DoorTests.swift has no test \"it opens\""),
            ("docs/requirements.md", "it opens…", "it locks…", "(D-001): DoorTests.swift has no test \"it locks…\""),
            (
                "docs/requirements.md", "`DoorTests.swift` \"", "`GateTests.swift` \"",
                "GateTests.swift is not one file below Tests/"
            ),
            ("docs/requirements.md", "door-module", "gate-module", "(D-001): gate-module is not a module"),
            ("docs/requirements.md", " | `DoorTests.swift` |", " | |", "(D-002): names no test"),
            (test, "D-007 D-002:", "D-007:", "(D-002): no test in DoorTests.swift is titled \"D-002: …\""),
            (test, "D-007 D-002:", "it opens too:", "(D-001): DoorTests.swift has several tests \"it opens…\""),
        ])
    func mistakes(_ file: String, _ old: String, _ new: String, _ message: String) async throws {
        let (code, errors) = try await check(file, old, new)
        #expect(code == 1)
        #expect(errors.contains(message), "\(errors)")
    }
}
