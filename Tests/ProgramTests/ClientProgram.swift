import Foundation
import TestSupport

/// A program of `Tests/Clients`: an OAuth client as published, which signs in at a running server.
final class ClientProgram: Sendable {
    private let process = Process()
    private let input = Pipe()
    private let folder: Folder
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../..").standardizedFileURL

    /// Python programs run with the packages that `.ci/install test` installs.
    init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        folder = try Folder()
        let path = Self.root.appending(path: "Tests/Clients/\(name)").path()
        // Processes started from here inherit blocked signals, and oidc-agent could not be ended.
        process.executableURL = URL(filePath: "/usr/bin/env")
        let python = Self.root.appending(path: ".build/test-python/bin/python").path()
        process.arguments =
            ["--default-signal"] + (name.hasSuffix(".py") ? [python, path] : [path]) + arguments
        process.environment = [
            "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore",
        ].merging(environment) { $1 }
        // idpyoidc writes its keys into the current folder.
        process.currentDirectoryURL = folder.url
        process.standardInput = input
        for file in [folder.url.appending(path: "out"), folder.url.appending(path: "err")] {
            try Data().write(to: file)
        }
        process.standardOutput = try FileHandle(forWritingTo: folder.url.appending(path: "out"))
        process.standardError = try FileHandle(forWritingTo: folder.url.appending(path: "err"))
        try process.run()
    }

    deinit {
        // Not killed: it may have started a daemon, which it ends on its way out.
        process.terminate()
        process.waitUntilExit()
    }

    private func text(_ name: String) -> String {
        (try? String(contentsOf: folder.url.appending(path: name), encoding: .utf8)) ?? ""
    }

    /// Returns the complete lines that the program has printed, once there are `count`.
    func lines(_ count: Int) async throws -> [String] {
        var lines: [String] = []
        try await until("the client has printed \(count) lines") {
            let isRunning = process.isRunning
            lines = text("out").split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
            guard lines.count >= count || isRunning else { throw Unexpected("the client failed: \(text("err"))") }
            return lines.count >= count
        }
        return lines
    }

    func send(_ line: String) throws { try input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8)) }
}
