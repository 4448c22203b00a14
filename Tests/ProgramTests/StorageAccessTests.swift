import Foundation
import SQLiteDriver
import SQLStorage
import TestSupport
import Testing

@Suite("What commands do to the storage")
struct StorageAccessTests {
    private static let reading = [
        ["user", "list"], ["user", "show", "alice"], ["user", "roles", "alice"], ["client", "list"],
        ["client", "show", "web"], ["key", "list"], ["session", "list"], ["session", "list", "alice"],
        ["role", "list"], ["group", "list"], ["audit"], ["audit", "verify"], ["explain", "2b67e5043ff9105e0ebc"],
        ["apply", "resources.yaml", "--plan"], ["apply", "resources.yaml", "--plan", "--prune"], ["migrate", "--plan"],
        ["audit", "--json"], ["export", "all.jsonl"],
    ]
    private static let changing = [
        ["user", "add", "alice"], ["user", "disable", "alice"], ["client", "add"],
        ["client", "remove", "web", "--yes"],
        ["role", "set", "editor"], ["key", "rotate"], ["session", "end", "alice", "--yes"],
        ["key", "master", "rotate"], ["key", "reseal"], ["key", "replace-everything", "--yes"],
    ]

    /// The files in the folder and below, without the output of programs.
    private func files(_ folder: Folder) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.url.path())
        where !name.hasPrefix("output-") {
            files[name] = (try? Data(contentsOf: folder.url.appending(path: name))) ?? Data()
        }
        return files
    }

    private func run(_ command: [String], in folder: Folder) async throws -> (code: Int32, output: String) {
        try await RunningProgram.run(command, in: folder.url, input: "correct horse\n")
    }

    private func installation() async throws -> Folder {
        let folder = try Folder()
        try folder.write("resources.yaml", MartletNodes.resources.replacing("bob", with: "alice"))
        let applied = try await run(["apply", "resources.yaml"], in: folder)
        guard applied.code == 0 else { throw Unexpected(applied.output) }
        return folder
    }

    private func change(_ statement: SQLStatement, in folder: Folder) async throws {
        let database = try SQLiteDatabase(path: folder.url.appending(path: "var/martlet.db").path())
        _ = try await database.transaction { try $0.execute(statement, []) }
        await database.close()
    }

    @Test("without a database, a command creates nothing and says what does")
    func nothing() async throws {
        let folder = try Folder()
        try folder.write("resources.yaml", "users: [{username: alice}]")
        let before = try files(folder)
        for command in Self.reading + Self.changing {
            let (code, output) = try await run(command, in: folder)
            #expect(code == 69)
            #expect(output.contains("The database var/martlet.db does not exist"), "\(output)")
            #expect(output.contains("`martlet serve` or `martlet migrate` creates it"))
            #expect(try files(folder) == before, "\(command)")
        }
    }

    @Test("an empty file is not made a database", arguments: [["user", "list"], ["user", "add", "alice"]])
    func empty(_ command: [String]) async throws {
        let folder = try Folder()
        try folder.write("empty.db", "")
        #expect(try await run(["key", "master", "var.key"], in: folder).code == 0)
        let before = try files(folder)
        let place = ["--storage", "sqlite:empty.db", "--master-key-file", "var.key"]
        let (code, output) = try await run(command + place, in: folder)
        #expect(code == 69)
        #expect(output.contains("The database is empty"), "\(output)")
        if command == ["user", "list"] { #expect(try files(folder) == before) }
    }

    @Test("reading leaves every file as it was")
    func unchanged() async throws {
        let folder = try await installation()
        let before = try files(folder)
        #expect(before.keys.sorted() == ["resources.yaml", "var", "var/martlet.db", "var/master.key"])
        for command in Self.reading where !command.contains("--json") && command[0] != "export" {
            let (code, output) = try await run(command, in: folder)
            // There is nothing to explain.
            #expect(code == (command[0] == "explain" ? 78 : 0), "\(output)")
            #expect(try files(folder) == before, "\(command)")
        }
    }

    @Test("an export of records or of everything adds an audit record and nothing else")
    func exports() async throws {
        let folder = try await installation()
        func exported() async throws -> Int {
            try await run(["audit", "--event", "exported"], in: folder).output.split(separator: "\n").count
        }
        let before = try await exported()
        let keys = try await run(["key", "list"], in: folder).output
        #expect(try await run(["audit", "--output", "json"], in: folder).code == 0)
        #expect(try await run(["export", "all.jsonl"], in: folder).code == 0)
        #expect(try await exported() == before + 2)
        #expect(try await run(["key", "list"], in: folder).output == keys)
    }

    @Test("an older schema is left alone")
    func olderSchema() async throws {
        let folder = try await installation()
        try await change(
            "DELETE FROM schema_migrations WHERE version = (SELECT MAX(version) FROM schema_migrations)", in: folder)
        let before = try files(folder)
        for command in Self.reading + Self.changing where command != ["migrate", "--plan"] {
            let older = try await run(command, in: folder)
            #expect(older.code == 69)
            #expect(older.output.contains("run `martlet migrate`"), "\(older.output)")
            #expect(try files(folder)["var/martlet.db"] == before["var/martlet.db"], "\(command)")
        }
        let plan = try await run(["migrate", "--plan"], in: folder)
        #expect(plan.code == 2)
        #expect(plan.output.contains("1 pending."))
        #expect(try files(folder)["var/martlet.db"] == before["var/martlet.db"])
    }

    @Test("a newer schema is left alone")
    func newerSchema() async throws {
        let folder = try await installation()
        try await change("INSERT INTO schema_migrations VALUES (9000, 'later', 'x', 0)", in: folder)
        let before = try files(folder)["var/martlet.db"]
        for command in [["user", "list"], ["user", "add", "bob"], ["migrate", "--plan"], ["export", "all.jsonl"]] {
            let newer = try await run(command, in: folder)
            #expect(newer.code == 69)
            #expect(newer.output.contains("schema version 9000"), "\(newer.output)")
            #expect(try files(folder)["var/martlet.db"] == before, "\(command)")
        }
    }

    @Test("commands read and change the storage of a running server")
    func running() async throws {
        let folder = try await installation()
        let port = try freePort()
        let other = ["--issuer", "http://localhost:\(port)"]
        let server = try await RunningServer(["--apply", "resources.yaml"], in: folder.url, port: port)
        #expect(try await run(["user", "list"] + other, in: folder).output.contains("alice"))
        #expect(try await run(["user", "add", "dan"] + other, in: folder).code == 0)
        #expect(try await run(["user", "list"] + other, in: folder).output.contains("dan"))
        try await server.stop()
        let line = try #require(
            server.program.output.split(separator: "\n").first {
                $0.contains("new issuers are added to a storage that")
            })
        #expect(line.contains("http://localhost:\(port)") && line.contains("http://localhost:8080"), "\(line)")
    }

    @Test("only apply creates an issuer that the storage doesn't know")
    func issuer() async throws {
        let folder = try await installation()
        let elsewhere = ["--issuer", "https://id.example.com"]
        for command in Self.reading + Self.changing where command != ["migrate", "--plan"] {
            let (code, output) = try await run(command + elsewhere, in: folder)
            #expect(code == 78)
            let mistake = "sqlite:var/martlet.db has no issuer https://id.example.com, only http://localhost:8080"
            #expect(output.contains(mistake), "\(output)")
            #expect(output.contains("--config"))
        }
        #expect(try await run(["apply", "resources.yaml"] + elsewhere, in: folder).code == 0)
        #expect(try await run(["user", "list"] + elsewhere, in: folder).output.contains("alice"))
    }

    @Test("apply adds the default issuer to the storage of others only if it is named")
    func unnamed() async throws {
        let folder = try Folder()
        try folder.write("resources.yaml", "roles: [{name: editor}]")
        try folder.write("own.yaml", "issuer: https://id.example.com")
        try folder.write("default.yaml", "issuer: http://localhost:8080")
        let apply = ["apply", "resources.yaml"]
        #expect(try await run(apply + ["--config", "own.yaml"], in: folder).code == 0)
        let other = ["--additional-issuers", "https://b.example", "--for", "https://b.example"]
        for command in [apply, apply + ["--plan"], apply + other] {
            let (code, output) = try await run(command, in: folder)
            #expect(code == 78)
            #expect(output.contains("sqlite:var/martlet.db has no issuer http"), "\(output)")
            #expect(output.contains("only https://id.example.com; name the configuration file with --config"))
        }
        #expect(try await run(["key", "list"], in: folder).code == 78)
        #expect(try await run(["key", "list", "--issuer", "https://b.example"], in: folder).code == 78)

        let database = folder.url.appending(path: "var/martlet.db")
        let before = try Data(contentsOf: database)
        for (arguments, environment) in [
            (["--issuer", "http://localhost:8080"], [:]), (["--for", "http://localhost:8080"], [:]),
            (["--config", "default.yaml"], [:]), ([], ["MARTLET_ISSUER": "http://localhost:8080"]),
        ] as [([String], [String: String])] {
            try before.write(to: database)
            let named = try await RunningProgram.separated(
                apply + arguments, in: folder.url, environment: environment)
            #expect(named.code == 0, "\(named.errors)")
            #expect(try await run(["role", "list"], in: folder).output.contains("editor"))
        }
    }

    @Test("migrating a database with the wrong configuration adds no issuer")
    func migration() async throws {
        let folder = try await installation()
        let elsewhere = ["--issuer", "https://id.example.com"]
        #expect(try await run(["migrate"] + elsewhere, in: folder).code == 0)
        #expect(try await run(["key", "list"] + elsewhere, in: folder).code == 78)
    }

    @Test("a database server without the schema is left alone, and its password is never shown")
    func server() async throws {
        let server = try MariaDBServer.shared.get()
        let name = "access_\(UUID().uuidString.prefix(8))"
        let folder = try Folder()
        try folder.write("storage", server.url(name))
        let place = ["--storage-file", "storage", "--master-key-file", "var.key"]
        #expect(try await run(["key", "master", "var.key"], in: folder).code == 0)
        let (code, output) = try await run(["user", "list"] + place, in: folder)
        #expect(code == 69)
        #expect(output.contains("The database is empty"), "\(output)")
        #expect(output.contains("in mariadb://martlet@127.0.0.1:\(server.port)/\(name), "), "\(output)")
        #expect(!output.contains("wing"))
        #expect(try await run(["migrate"] + place, in: folder).code == 0)
        #expect(try await run(["user", "list"] + place, in: folder).code == 0)
        try server.drop(name)
    }
}
