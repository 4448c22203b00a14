import Foundation
import TestSupport
import Testing

@Suite("Packages: the list, the resolved versions and the bill of materials")
struct DependencyTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../..").standardizedFileURL

    private func run(_ program: URL, _ arguments: [String], input: Data = Data()) async throws
        -> (code: Int32, output: Data, errors: String)
    {
        let folder = try Folder()
        let files = ["in", "out", "err"].map { folder.url.appending(path: $0) }
        try input.write(to: files[0])
        for file in files.dropFirst() { try Data().write(to: file) }
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        try await until("\(program.lastPathComponent) ended") { !process.isRunning }
        return (
            process.terminationStatus, try Data(contentsOf: files[1]),
            try String(contentsOf: files[2], encoding: .utf8)
        )
    }

    /// Compares a list with the versions resolved here.
    private func check(_ edit: (String) -> String) async throws -> (code: Int32, output: Data, errors: String) {
        let folder = try Folder()
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: ".ci"), withIntermediateDirectories: true)
        for name in [".ci/dependencies", "Package.resolved"] {
            try FileManager.default.copyItem(at: Self.root.appending(path: name), to: folder.url.appending(path: name))
        }
        let list = try String(contentsOf: Self.root.appending(path: ".ci/dependencies.txt"), encoding: .utf8)
        try folder.write(".ci/dependencies.txt", edit(list))
        return try await run(folder.url.appending(path: ".ci/dependencies"), ["check"])
    }

    @Test("the resolved versions match the list")
    func same() async throws {
        let (code, _, errors) = try await check { $0 }
        #expect(code == 0, "\(errors)")
    }

    @Test(
        "a changed version, an unlisted package and a removed one are reported, with what to do",
        arguments: [
            ("/swift-nio.git 2.101.2", "/swift-nio.git 2.101.1", "swift-nio: listed 2.101.1"),
            (
                "https://github.com/swift-server/async-http-client.git",
                "https://github.com/fork/async-http-client.git",
                "listed 1.37.0 from https://github.com/fork/async-http-client.git, resolved 1.37.0 from https://github.com/swift-server/"
            ),
            (
                "https://github.com/swift-server/async-http-client.git 1.37.0\n", "",
                "async-http-client: listed nothing, resolved 1.37.0"
            ),
            (
                "https://github.com/swift-server/async",
                "https://example.com/x.git 1.0\nhttps://github.com/swift-server/async", "x: "
            ),
        ])
    func different(_ old: String, _ new: String, _ expected: String) async throws {
        let (code, _, errors) = try await check { $0.replacing(old, with: new) }
        #expect(code == 1)
        for text in [expected, ".ci/dependencies pin", ".ci/dependencies write"] {
            #expect(errors.contains(text), "\(errors)")
        }
    }

    @Test("the bill of materials is valid CycloneDX and contains every package and C library")
    func billOfMaterials() async throws {
        let program = Self.root.appending(path: ".ci/dependencies")
        let (code, document, errors) = try await run(program, ["sbom"])
        #expect(code == 0, "\(errors)")
        let python = Self.root.appending(path: ".build/test-python/bin/python")
        let validator = RunningScript.folder.appending(path: "sbom-validator.py").path()
        let verdict = try await run(python, [validator], input: document)
        #expect(verdict.code == 0, "\(verdict.errors)")

        let components = try json(String(decoding: document, as: UTF8.self))["components"] as? [[String: Any]] ?? []
        let purls = components.compactMap { $0["purl"] as? String }
        let manifest = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
        let packages = manifest.matches(of: /url: "https:\/\/([^"]+)\.git", exact: "([^"]+)"/)
        #expect(packages.count > 10)
        for package in packages { #expect(purls.contains("pkg:swift/\(package.1)@\(package.2)")) }
        // A transitive package.
        #expect(purls.contains { $0.hasPrefix("pkg:swift/github.com/apple/swift-collections@") })
        for library in [
            "libargon2", "liboath", "libqrencode", "libsqlite3", "libcurl4-openssl", "libmaxminddb", "libyaml",
        ] {
            #expect(purls.count { $0.hasPrefix("pkg:deb/debian/\(library)-dev@") } == 1, "\(library)")
        }
        #expect(Set(purls).count == purls.count)
        // Running it twice gives the same result, so that differences mean something.
        #expect(try await run(program, ["sbom"]).output == document)
    }
}
