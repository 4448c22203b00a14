package import Foundation

/// The built program, with its own folder, environment and output.
package final class RunningProgram: Sendable {
    package let folder: URL
    private let process: Process
    private let log: URL
    private let results: URL

    /// The program of the same build as the tests.
    package static let executable = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../../.build/debug/martlet").standardizedFileURL

    /// With `separatesResults`, `result` has what the program writes on standard output, and `output` the rest.
    package init(
        _ arguments: [String], in folder: URL, input: String? = nil, environment: [String: String] = [:],
        separatesResults: Bool = false
    ) throws {
        self.folder = folder
        log = folder.appending(path: "output-\(UUID().uuidString).log")
        results = separatesResults ? log.appendingPathExtension("results") : log
        try Data().write(to: log)
        if separatesResults { try Data().write(to: results) }
        process = Process()
        process.executableURL = Self.executable
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = environment
        let output = try FileHandle(forWritingTo: log)
        process.standardOutput = separatesResults ? try FileHandle(forWritingTo: results) : output
        process.standardError = output
        let pipe = Pipe()
        process.standardInput = pipe
        try process.run()
        if let input { pipe.fileHandleForWriting.write(Data(input.utf8)) }
        try pipe.fileHandleForWriting.close()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    package var output: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }
    package var result: String { (try? String(contentsOf: results, encoding: .utf8)) ?? "" }
    package var isRunning: Bool { process.isRunning }

    package func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits for the program to exit and returns its exit code.
    package func wait() async throws -> Int32 {
        try await until("the program ended") { !self.process.isRunning }
        return process.terminationStatus
    }

    /// Runs a command until it exits.
    package static func run(_ arguments: [String], in folder: URL, input: String? = nil) async throws
        -> (code: Int32, output: String)
    {
        let program = try RunningProgram(arguments, in: folder, input: input)
        let code = try await program.wait()
        return (code, program.output)
    }

    /// Runs a command until it exits, and returns standard output and standard error apart.
    package static func separated(
        _ arguments: [String], in folder: URL, input: String? = nil, environment: [String: String] = [:]
    ) async throws -> (code: Int32, result: String, errors: String) {
        let program = try RunningProgram(
            arguments, in: folder, input: input, environment: environment, separatesResults: true)
        let code = try await program.wait()
        return (code, program.result, program.output)
    }
}

/// A temporary folder for one test, deleted at the end.
package final class Folder: Sendable {
    package let url = FileManager.default.temporaryDirectory.appending(path: "martlet-program-\(UUID().uuidString)")
    package init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }

    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: url.appending(path: name))
        return name
    }
}
