import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Confirmation of what can't be undone", .serialized)
struct ConfirmationTests {
    private static let destructive = [
        ["user", "remove", "alice"], ["user", "withdraw", "alice", "--role", "editor"], ["client", "remove", "web"],
        ["client", "secret", "web"], ["role", "remove", "editor"], ["group", "remove", "press"],
        ["session", "end", "alice"], ["key", "retire", "kid"], ["key", "replace-everything"],
        ["apply", "empty.yaml", "--prune"],
    ]

    private func installation() async throws -> Folder {
        let folder = try Folder()
        try folder.write("empty.yaml", "{}")
        try folder.write("resources.yaml", "users: [{username: alice, password: correct horse}]")
        let applied = try await RunningProgram.run(["apply", "resources.yaml"], in: folder.url)
        guard applied.code == 0 else { throw Unexpected(applied.output) }
        return folder
    }

    // TIOCSPTLCK and TIOCGPTN, which are macros that Swift cannot import (ioctl_tty(2)).
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    /// Runs a command on a terminal of its own, where somebody types `answer`.
    private func run(_ command: [String], answering answer: String, in folder: Folder) async throws -> (
        code: Int32, screen: String
    ) {
        let controller = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var (isLocked, number): (CInt, CInt) = (0, 0)
        guard controller >= 0, unsafe ioctl(controller, Self.setLock, &isLocked) == 0,
            unsafe ioctl(controller, Self.getNumber, &number) == 0
        else { throw Unexpected("no terminal") }
        let screen = FileHandle(fileDescriptor: controller, closeOnDealloc: true)
        let terminal = FileHandle(
            fileDescriptor: unsafe open("/dev/pts/\(number)", O_RDWR | O_NOCTTY), closeOnDealloc: true)
        let process = Process()
        process.executableURL = RunningProgram.executable
        process.arguments = command
        process.currentDirectoryURL = folder.url
        process.environment = [:]
        process.standardInput = terminal
        process.standardOutput = terminal
        process.standardError = terminal
        try process.run()
        screen.write(Data(answer.utf8))
        try await until("the program ended") { !process.isRunning }
        return (process.terminationStatus, String(decoding: screen.availableData, as: UTF8.self))
    }

    private func users(_ folder: Folder) async throws -> String {
        try await RunningProgram.run(["user", "list"], in: folder.url).output
    }

    @Test("without a terminal and without --yes, nothing is changed", arguments: destructive)
    func refused(_ command: [String]) async throws {
        let folder = try await installation()
        let database = folder.url.appending(path: "var/martlet.db")
        let before = try Data(contentsOf: database)
        let (code, output) = try await RunningProgram.run(command, in: folder.url, input: "y\n")
        #expect(code == 64)
        #expect(output.contains("There is no terminal to ask on. Add --yes to confirm."), "\(output)")
        #expect(try Data(contentsOf: database) == before)
    }

    @Test(
        "on a terminal, yes is the only answer that changes anything",
        arguments: ["\n", "n\n", "yesterday\n", "\u{04}"])
    func no(_ answer: String) async throws {
        let folder = try await installation()
        let (code, screen) = try await run(["user", "remove", "alice"], answering: answer, in: folder)
        #expect(code == 1)
        #expect(screen.contains("Remove the user alice and all their data? [y/N]"), "\(screen)")
        #expect(screen.contains("Nothing was changed."))
        #expect(try await users(folder).contains("alice"))
    }

    @Test("on a terminal, the command does what was confirmed", arguments: ["y\n", "YES\n"])
    func yes(_ answer: String) async throws {
        let folder = try await installation()
        let (code, screen) = try await run(["user", "remove", "alice"], answering: answer, in: folder)
        #expect(code == 0, "\(screen)")
        #expect(screen.contains("Removed."))
        #expect(try await !users(folder).contains("alice"))
    }

    @Test("with --yes nobody is asked, and a plan or an application without --prune needs none")
    func given() async throws {
        let folder = try await installation()
        let (code, screen) = try await run(["user", "remove", "alice", "--yes"], answering: "", in: folder)
        #expect(code == 0)
        #expect(!screen.contains("[y/N]"))
        #expect(try await RunningProgram.run(["apply", "empty.yaml", "--prune", "--plan"], in: folder.url).code == 0)
        #expect(try await RunningProgram.run(["apply", "empty.yaml"], in: folder.url).code == 0)
    }
}
