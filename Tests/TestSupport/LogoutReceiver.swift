package import Foundation
import Glibc
import Synchronization

/// A client's receiver of logout tokens, which can be killed and started again.
package final class LogoutReceiver: Sendable {
    package struct Taken: Decodable, Sendable {
        package let jti: String
        package let sid: String
        package let sub: String
    }

    package let port: Int
    private let file: URL
    private let issuer: String
    private let verifies: Bool
    private let process = Mutex<Process?>(nil)
    // Only the folder is standardized: that would also follow the link, and Python finds its packages beside it.
    private static let python = RunningScript.folder.appending(path: "../..").standardizedFileURL
        .appending(path: ".build/test-python/bin/python")

    /// `verifies` needs the Python packages that `.ci/install test` installs.
    package init(in folder: URL, issuer: String, verifies: Bool = true) throws {
        port = try freePort()
        file = folder.appending(path: "logout-tokens")
        (self.issuer, self.verifies) = (issuer, verifies)
    }

    package var uri: String { "http://127.0.0.1:\(port)/logout" }

    package func start() throws {
        let running = Process()
        // Started through env, which keeps the name of the link.
        running.executableURL = URL(filePath: "/usr/bin/env")
        running.arguments = [
            verifies ? Self.python.path() : "/usr/bin/python3",
            RunningScript.folder.appending(path: "logout-receiver.py").path(), "\(port)", file.path(), issuer, "web",
        ]
        running.environment = ["PYTHONDONTWRITEBYTECODE": "1", "VERIFY": verifies ? "yes" : "no"]
        let log = file.appendingPathExtension("log")
        if !FileManager.default.fileExists(atPath: log.path()) { try Data().write(to: log) }
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        (running.standardOutput, running.standardError) = (output, output)
        try running.run()
        process.withLock { $0 = running }
    }

    package func kill() {
        guard let running = process.withLock(\.self) else { return }
        Glibc.kill(running.processIdentifier, SIGKILL)
        running.waitUntilExit()
        process.withLock { $0 = nil }
    }

    deinit { kill() }

    /// What it has taken so far, in order, repetitions included.
    package var taken: [Taken] {
        get throws {
            let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            // It may have been killed within a line.
            return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Taken.self, from: Data($0.utf8)) }
        }
    }
}
