import Foundation
import Testing

@testable import Conformance

/// The programs of the same build as the tests.
@Suite("The command line of the conformance program", .serialized)
struct ConformanceProgramTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        .standardizedFileURL

    private func run(_ arguments: [String]) throws -> (code: Int32, output: String) {
        let process = Process()
        let log = FileManager.default.temporaryDirectory.appending(path: "conformance-\(UUID().uuidString).log")
        defer { try? FileManager.default.removeItem(at: log) }
        try Data().write(to: log)
        process.executableURL = Self.root.appending(path: ".build/debug/martlet-conformance")
        process.currentDirectoryURL = Self.root
        process.arguments = arguments
        let output = try FileHandle(forWritingTo: log)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try String(contentsOf: log, encoding: .utf8))
    }

    @Test("a run over TLS against Martlet passes, writes reports, and prints the totals")
    func martlet() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "conformance-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let (code, output) = try run([
            "martlet", "--server", ".build/debug/martlet", "--tls", "--report", folder.path, "--module", "oidcc-server",
            "--module", "oidcc-discovery-endpoint-verification", "--module", "oidcc-rp-initiated-logout",
        ])
        #expect(code == 0, "\(output)")
        #expect(output.hasSuffix("\n4 passed, 0 failed, 0 skipped\n"), "\(output)")
        #expect(output.contains("PASSED          oidcc-server (form_post)"))
        #expect(!output.contains("not judged"))
        for name in ["report.html", "report.json", "report.xml"] {
            #expect(FileManager.default.fileExists(atPath: folder.appending(path: name).path), "\(name)")
        }
    }

    @Test("an incomplete plan is a failure unless it is allowed")
    func incomplete() throws {
        let arguments = [
            "martlet", "--server", ".build/debug/martlet", "--plan", Plans.basic.name, "--module", "oidcc-server",
            "--module", "oidcc-idtoken-unsigned",
        ]
        let strict = try run(arguments)
        #expect(strict.code == 1)
        #expect(strict.output.contains("oidcc-idtoken-unsigned is NOT-IMPLEMENTED"))
        #expect(strict.output.hasSuffix("\n1 passed, 0 failed, 1 skipped\n"))
        let allowed = try run(arguments + ["--allow", "Conformance/martlet/allow.json"])
        #expect(allowed.code == 0, "\(allowed.output)")
    }

    @Test(
        "a missing file, plan, module or server is reported",
        arguments: [
            (["run", "--target", "/nowhere.json"], "cannot be read"),
            (["run", "--target", "Package.swift"], "Package.swift"),
            (["run", "--target", "Conformance/martlet/target.json", "--plan", "no-plan"], "unknown plan no-plan"),
            (
                [
                    "run", "--target", "Conformance/martlet/target.json", "--plan",
                    "fapi1-advanced-final-test-plan",
                ], "is not implemented"
            ),
            (
                ["run", "--target", "Conformance/martlet/target.json", "--module", "no-module"],
                "no selected plan has a module no-module"
            ), (["martlet", "--server", "/nowhere"], "cannot start"),
            (["martlet", "--server", "/bin/false"], "did not become ready"),
        ])
    func mistakes(_ arguments: [String], says: String) throws {
        let (code, output) = try run(arguments)
        #expect(code != 0)
        #expect(output.contains(says), "\(output)")
        #expect(!output.contains("Fatal error"))
    }

    @Test("the list includes the suite's plans that can't be run")
    func list() throws {
        let (code, output) = try run(["list", "--modules"])
        #expect(code == 0)
        for plan in OfficialPlans.all { #expect(output.contains(plan.name)) }
        #expect(output.contains("    oidcc-idtoken-unsigned  NOT-IMPLEMENTED"))
    }
}
