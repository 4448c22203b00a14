import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The first start, and files with secrets", .serialized)
struct FirstStartTests {
    private static func mode(_ folder: Folder, _ name: String) throws -> Int? {
        let path = folder.url.appending(path: name).path()
        return (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
    }

    private static func names(_ folder: Folder, _ name: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.url.appending(path: name).path()).sorted()
    }

    /// Runs the program under this umask.
    private static func run(_ arguments: [String], umask: String, in folder: Folder) async throws -> Int32 {
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", "umask \(umask) && exec \"$0\" \"$@\"", RunningProgram.executable.path()] + arguments
        shell.currentDirectoryURL = folder.url
        shell.environment = [:]
        try shell.run()
        try await until("the program ended") { !shell.isRunning }
        return shell.terminationStatus
    }

    @Test("commands that start at once on an empty installation all succeed with one set of keys")
    func commands() async throws {
        for _ in 0..<8 {
            let folder = try Folder()
            let runs = try await race(5) { _ in
                let run = try await RunningProgram.run(["migrate"], in: folder.url)
                return (run, try await RunningProgram.run(["key", "list"], in: folder.url))
            }
            let keys = try await RunningProgram.run(["key", "list"], in: folder.url)
            #expect(keys.code == 0, "\(keys.output)")
            for (run, list) in runs {
                #expect(run.code == 0, "\(run.output)")
                #expect(list.output == keys.output)
            }
            #expect(try Self.names(folder, "var") == ["martlet.db", "master.key"])
            #expect(try Self.mode(folder, "var") == 0o700)
            #expect(try Self.mode(folder, "var/master.key") == 0o600)
        }
    }

    @Test("servers that start at once on an empty installation and apply one file all start with one set of keys")
    func servers() async throws {
        for _ in 0..<3 {
            let folder = try Folder()
            try folder.write("resources.yaml", MartletNodes.resources)
            let issuer = "http://localhost:\(try freePort())"
            let servers = try await race(3) { _ in
                try await RunningServer(["--apply", "resources.yaml"], in: folder.url, issuer: issuer)
            }
            var sets: Set<String> = []
            for server in servers {
                sets.insert(try await WebClient(origin: issuer, port: server.port).get("/jwks").body)
            }
            #expect(sets.count == 1)
            for server in servers { try await server.stop() }
        }
    }

    @Test("of many commands that create the same master key at once, one does, and none replaces it")
    func masterKey() async throws {
        for _ in 0..<8 {
            let folder = try Folder()
            let file = folder.url.appending(path: "master.key")
            let runs = try await race(6) { _ in
                let run = try await RunningProgram.run(["key", "master", "master.key"], in: folder.url)
                return (run, try Data(contentsOf: file))
            }
            #expect(runs.count { $0.0.code == 0 } == 1)
            for (run, _) in runs where run.code != 0 {
                #expect(run.code == 78)
                #expect(run.output.contains("already exists"), "\(run.output)")
            }
            // Each command saw the whole key as soon as its own attempt had ended.
            #expect(Set(runs.map(\.1)).count == 1)
            #expect(runs[0].1.count == 44)
            #expect(try Self.names(folder).filter { $0.hasPrefix("master") } == ["master.key"])
        }
    }

    @Test("files with secrets are readable by their owner only, whatever the umask", arguments: ["000", "027", "077"])
    func mask(_ umask: String) async throws {
        let folder = try Folder()
        #expect(try await Self.run(["migrate"], umask: umask, in: folder) == 0)
        #expect(try await Self.run(["export", "all.jsonl"], umask: umask, in: folder) == 0)
        #expect(try await Self.run(["key", "master", "other.key"], umask: umask, in: folder) == 0)
        for name in ["var/master.key", "var/martlet.db", "all.jsonl", "other.key"] {
            #expect(try Self.mode(folder, name) == 0o600, "\(name)")
        }
        #expect(try Self.mode(folder, "var") == 0o700)
    }

    @Test("the owner can read the key even under a umask that removes every permission")
    func strictMask() async throws {
        let folder = try Folder()
        #expect(try await Self.run(["key", "master", "master.key"], umask: "777", in: folder) == 0)
        #expect(try Self.mode(folder, "master.key") == 0o600)
    }

    @Test(
        "a symbolic link in place of a secret file is neither followed nor replaced",
        arguments: [["migrate"], ["key", "master", "var/master.key"], ["export", "all.jsonl"]])
    func link(_ command: [String]) async throws {
        let folder = try Folder()
        if command[0] == "export" { #expect(try await RunningProgram.run(["migrate"], in: folder.url).code == 0) }
        let path = folder.url.appending(path: command[0] == "export" ? "all.jsonl" : "var/master.key").path()
        let elsewhere = folder.url.appending(path: "elsewhere").path()
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: "var"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: elsewhere)
        let run = try await RunningProgram.run(command, in: folder.url)
        #expect(run.code == 78)
        let reason = command == ["migrate"] ? "must not be a symbolic link" : "already exists"
        #expect(run.output.contains(reason), "\(run.output)")
        #expect(!FileManager.default.fileExists(atPath: elsewhere))
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == elsewhere)
    }

    @Test("a FIFO in place of the master key is refused without waiting")
    func fifo() async throws {
        let folder = try Folder()
        #expect(unsafe mkfifo(folder.url.appending(path: "master.key").path(), 0o600) == 0)
        let run = try await RunningProgram.run(["migrate", "--master-key-file", "master.key"], in: folder.url)
        #expect(run.code == 78)
        #expect(run.output.contains("must be a regular file"), "\(run.output)")
    }

    @Test("of concurrent exports to one file, one is kept, complete")
    func exports() async throws {
        let folder = try Folder()
        #expect(try await RunningProgram.run(["migrate"], in: folder.url).code == 0)
        let runs = try await race(4) { _ in try await RunningProgram.run(["export", "all.jsonl"], in: folder.url) }
        #expect(runs.map(\.code).sorted() == [0, 78, 78, 78])
        #expect(try Self.names(folder).filter { $0.hasPrefix("all.jsonl") } == ["all.jsonl"])
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: "new"), withIntermediateDirectories: true)
        let copy = ["import", "all.jsonl", "--storage", "sqlite:new/martlet.db"]
        #expect(try await RunningProgram.run(copy, in: folder.url).code == 0)
    }
}
