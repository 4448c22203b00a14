import Foundation
import TestSupport
import Testing

@Suite("Topics of the provider depend on each other in one direction")
struct TopicDirectionTests {
    /// Creates a project of two topics, `Upper` above `Lower`, with these files.
    private func check(_ files: [String: String]) async throws -> (code: Int32, errors: String) {
        let folder = try Folder()
        for (name, text) in files.merging(
            ["docs/architecture.md": "```topics\nUpper\nLower\n```\n"], uniquingKeysWith: { $1 })
        {
            let file = folder.url.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return try await CheckScript.run("topics", on: folder.url)
    }

    @Test("the sources follow the drawing in docs/architecture.md")
    func present() async throws {
        let (code, errors) = try await CheckScript.run("topics")
        #expect(code == 0, "\(errors)")
    }

    private static let upper = "Sources/IdentityProvider/Upper/Roof.swift"
    private static let lower = "Sources/IdentityProvider/Lower/Floor.swift"

    @Test(
        "references downward, and to identifiers, are allowed",
        arguments: [
            ["struct Roof { let floor: Floor }", "struct Floor {}"],
            ["struct Roof {}", "struct Floor { let roof: Identifier<Roof> }"],
            ["struct Roof {}", "struct Floor {}  // Roof\nlet text = \"Roof\""],
        ])
    func allowed(_ sources: [String]) async throws {
        let (code, errors) = try await check([Self.upper: sources[0], Self.lower: sources[1]])
        #expect(code == 0, "\(errors)")
    }

    @Test("a reference upward is reported with the file, the name and both folders")
    func forbidden() async throws {
        let (code, errors) = try await check([
            Self.upper: "struct Roof {}", Self.lower: "struct Floor { let roof: Roof }",
        ])
        #expect(code == 1)
        #expect(errors.contains("\(Self.lower) uses Roof: Lower must not depend on Upper"), "\(errors)")
    }

    @Test("a folder missing from the drawing, or found only there, is reported")
    func folders() async throws {
        let (code, errors) = try await check([
            Self.upper: "struct Roof {}", "Sources/IdentityProvider/Shed/Door.swift": "struct Door {}",
        ])
        #expect(code == 1)
        #expect(errors.contains("does not list the folder of Sources/IdentityProvider/Shed/Door.swift"), "\(errors)")
        #expect(errors.contains("lists Lower, which does not exist"), "\(errors)")
    }
}
