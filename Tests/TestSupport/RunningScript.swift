package import Foundation

/// A script of `Tests/Servers`. It runs a server until its standard input closes, so it ends with the program that
/// started it.
package final class RunningScript: Sendable {
    private let process: Process
    /// The server runs as long as this stays open.
    private let lifeline: Pipe

    package static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../Servers").standardizedFileURL

    package init(_ name: String, _ arguments: [String]) throws {
        (process, lifeline) = (Process(), Pipe())
        process.executableURL = Self.folder.appending(path: name)
        process.arguments = arguments
        process.standardInput = lifeline
        try process.run()
    }

    deinit {
        try? lifeline.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    package var isRunning: Bool { process.isRunning }
}
