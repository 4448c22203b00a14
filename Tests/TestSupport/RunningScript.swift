package import Foundation

/// A script of `Tests/Servers`. It runs a server until its standard input closes, so it ends with the program that
/// started it.
package final class RunningScript: Sendable {
    private let process: Process
    /// The server runs as long as this stays open.
    private let lifeline: Pipe

    package static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../Servers").standardizedFileURL

    /// With `log`, the script's output goes to that file.
    package init(_ name: String, _ arguments: [String], log: URL? = nil) throws {
        (process, lifeline) = (Process(), Pipe())
        process.executableURL = Self.folder.appending(path: name)
        process.arguments = arguments
        process.standardInput = lifeline
        if let log {
            try Data().write(to: log)
            let output = try FileHandle(forWritingTo: log)
            process.standardOutput = output
            process.standardError = output
        }
        try process.run()
    }

    /// Starts a script that prints `listening` when its server is ready, and waits for that.
    package convenience init(listening name: String, _ arguments: [String], log: URL) async throws {
        try self.init(name, arguments, log: log)
        try await until("\(name) listens") {
            // Read first, because a script that ends has printed why.
            let wasRunning = self.isRunning
            let output = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            guard wasRunning else { throw Unexpected("\(name) did not start: \(output)") }
            return output.contains("listening\n")
        }
    }

    deinit {
        try? lifeline.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    package var isRunning: Bool { process.isRunning }
}
