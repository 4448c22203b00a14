import Foundation
import TestSupport

/// A script of `.ci` that checks a project.
enum CheckScript {
    private static let root = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL

    /// Runs the script on `project`, by default this one. Returns its exit code and its errors.
    static func run(_ name: String, on project: URL = root) async throws -> (code: Int32, errors: String) {
        let folder = try Folder()
        let errors = folder.url.appending(path: "err")
        try Data().write(to: errors)
        let process = Process()
        process.executableURL = root.appending(path: ".ci/\(name)")
        process.arguments = [project.path()]
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        try await until("\(name) ended") { !process.isRunning }
        return (process.terminationStatus, try String(contentsOf: errors, encoding: .utf8))
    }
}
