import Foundation
import JOSE
import SQLStorage
import SQLiteDriver
import TestSupport
import Testing

@testable import martlet

@Suite("The output of commands")
struct OutputTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
        try folder.write(
            "resources.yaml",
            """
            clients:
              - client_id: web
                client_name: Web shop
                client_secret: a-secret-of-32-characters-at-least
                redirect_uris: [https://shop.example/callback]
            roles: [{name: editor, permissions: [posts.read, posts.write], minimum_acr: 'urn:martlet:acr:2'}]
            groups: [{name: press, description: Writes for the site, roles: [editor]}]
            users:
              - {username: alice, password: down-the-rabbit-hole, email: alice@example.com, name: Alice Liddell,
                 roles: [editor], groups: [press], totp_secret: JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP}
              - {username: bob, password: the-walrus-and-the-carpenter, disabled: true}
            """)
    }

    private func text(_ command: [String], input: String? = nil) async throws -> String {
        let (code, result, errors) = try await RunningProgram.separated(command, in: folder.url, input: input)
        guard code == 0 else { throw Unexpected("\(command): \(code) \(result) \(errors)") }
        return result
    }

    private func json(_ command: [String], input: String? = nil) async throws -> JSON {
        try JSON(parsing: Array(try await text(command + ["--output", "json"], input: input).dropLast().utf8))
    }

    @Test("lists are aligned tables with headers, or arrays")
    func lists() async throws {
        _ = try await text(["apply", "resources.yaml"])
        let roles = "NAME    PERMISSIONS             MINIMUM ACR\neditor  posts.read posts.write  urn:martlet:acr:2\n"
        #expect(try await text(["role", "list"]) == roles)
        let role: JSON = [
            "name": "editor", "permissions": ["posts.read", "posts.write"], "minimum_acr": "urn:martlet:acr:2",
        ]
        #expect(try await json(["role", "list"]) == [role])
        let group: JSON = ["name": "press", "roles": ["editor"], "description": "Writes for the site"]
        #expect(try await json(["group", "list"]) == [group])
        let client: JSON = [
            "client_id": "web", "client_name": "Web shop", "token_endpoint_auth_method": "client_secret_basic",
            "disabled": false,
        ]
        #expect(try await json(["client", "list"]) == [client])
        let users = try #require(try await json(["user", "list"]).array?.compactMap(\.object))
        #expect(users.map(\.names) == Array(repeating: ["username", "sub", "email", "disabled"], count: 2))
        #expect(users.map { $0["username"] } == ["alice", "bob"])
        #expect(users.map { $0["disabled"] } == [false, true])
        #expect(users.map { $0["email"] } == ["alice@example.com", .null])
        let keys = try #require(try await json(["key", "list"]).array?.compactMap(\.object))
        #expect(keys.map { $0["state"] } == ["current", "current"])
        #expect(keys.map(\.names)[0] == ["alg", "state", "kid", "signs_from", "published_until"])
        #expect(keys[0]["signs_from"]?.string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)
        let records = try #require(try await json(["audit", "--event", "resource_changed"]).array)
        #expect(records.count == 5)
        #expect(records.allSatisfy { $0.object?["mac"] != nil })
    }

    @Test("an empty list is a header, or an empty array")
    func empty() async throws {
        _ = try await text(["migrate"])
        #expect(try await text(["user", "list"]) == "USERNAME  SUB  EMAIL  DISABLED\n")
        #expect(try await text(["user", "list", "--output", "json"]) == "[]\n")
    }

    @Test("a user is shown with factors, roles, sessions and lockout, but without secrets")
    func user() async throws {
        let port = try freePort()
        let issuer = ["--issuer", "http://localhost:\(port)"]
        try folder.write("resources.yaml", MartletNodes.resources + "\n    email: bob@example.com\n    name: Bob")
        let server = try await RunningServer(["--apply", "resources.yaml"], in: folder.url, port: port)
        let browser = WebClient(origin: server.issuer)
        _ = try await browser.signIn(MartletNodes.query, username: "bob", password: MartletNodes.password)
        for _ in 0..<6 {
            let other = WebClient(origin: server.issuer)
            _ = try await other.signIn(MartletNodes.query, username: "bob", password: "wrong-password")
        }
        let shown = try #require(try await json(["user", "show", "bob@example.com"] + issuer).object)
        #expect(shown["username"] == "bob")
        #expect(shown["name"] == "Bob")
        #expect(shown["factors"]?.array?.map { $0.object?["type"] } == ["password"])
        #expect(shown["sessions"] == 1)
        #expect((shown["failed_attempts"]?.integer ?? 0) >= 5)
        // Attempts are allowed again soon.
        #expect(shown.names.contains("locked_until"))
        #expect(!"\(shown)".contains("argon2"))
        let sessions = try #require(try await json(["session", "list"] + issuer).array?.compactMap(\.object))
        #expect(sessions.count == 1)
        #expect(sessions[0]["username"] == "bob")
        #expect(sessions[0]["sub"] == shown["sub"])
        #expect(sessions[0]["address"] == "127.0.0.1")
        #expect(try await json(["session", "list", "bob"] + issuer) == .array(sessions.map(JSON.object)))
        #expect(try await text(["session", "list"] + issuer).hasPrefix("USERNAME  SID "))
        // An idle session has ended, whether or not a request has noticed.
        let database = try SQLiteDatabase(path: folder.url.appending(path: "var/martlet.db").path())
        _ = try await database.transaction {
            try $0.execute("UPDATE sessions SET authenticated_at = 0, last_used_at = 1", [])
        }
        await database.close()
        let idle = issuer + ["--lifetimes-session-idle", "3600"]
        for command in [["session", "list"], ["session", "list", "bob"]] {
            #expect(try await json(command + issuer).array?.count == 1)
            #expect(try await json(command + idle) == [])
        }
        #expect(try await json(["user", "show", "bob"] + idle).object?["sessions"] == 0)
        #expect(try await json(["session", "end", "bob", "--yes"] + issuer).object?["result"] == "signed_out")
        #expect(try await json(["session", "list"] + issuer) == [])
        #expect(try await json(["user", "unlock", "bob"] + issuer).object?["result"] == "unlocked")
        #expect(try await json(["user", "show", "bob"] + issuer).object?["locked_until"] == .null)
        try await server.stop()
    }

    @Test("the authenticator app of a user is shown without its secret")
    func factors() async throws {
        _ = try await text(["apply", "resources.yaml"])
        let shown = try await text(["user", "show", "alice"])
        #expect(shown.contains(/\nroles +editor\n/))
        let app = /\nfactors +type=password\n +type=totp name=Authenticator added_at=\S+Z id=\S+\n/
        #expect(shown.contains(app), "\(shown)")
        #expect(!shown.contains("JBSWY"))
        let client = try await text(["client", "show", "web"])
        #expect(client.contains(/\nredirect_uris +https:\/\/shop\.example\/callback\n/), "\(client)")
        #expect(!client.contains("a-secret-of"))
    }

    @Test("changes are reported as objects with what was done")
    func changes() async throws {
        let migrated = try await json(["migrate"]).object
        #expect(migrated?["result"] == "migrated")
        #expect(try #require(migrated?["migrations"]?.array).count > 5)
        let planned = try await RunningProgram.separated(
            ["apply", "resources.yaml", "--plan", "--output", "json"], in: folder.url
        ).result
        #expect(planned.hasPrefix(#"{"result":"planned","changes":[{"action":"create","kind":"role","name":"editor","#))
        #expect(try await json(["apply", "resources.yaml"]).object?["result"] == "applied")
        let added = try await json(["user", "add", "dan"], input: "correct horse battery\n").object
        #expect(added?["result"] == "added")
        #expect(added?.names == ["result", "username", "sub"])
        let renewed = try await json(["client", "secret", "web", "--yes"]).object
        #expect(renewed?["client_id"] == "web")
        #expect(renewed?["client_secret"]?.string?.count == 43)
        for (command, result) in [
            (["user", "disable", "dan"], "disabled"), (["user", "enable", "dan"], "enabled"),
            (["user", "assign", "dan", "--role", "editor"], "assigned"),
            (["user", "withdraw", "dan", "--role", "editor", "--yes"], "withdrawn"),
            (["user", "remove", "dan", "--yes"], "removed"), (["client", "disable", "web"], "disabled"),
            (["client", "enable", "web"], "enabled"), (["client", "remove", "web", "--yes"], "removed"),
            (["role", "set", "author"], "saved"), (["group", "remove", "press", "--yes"], "removed"),
            (["key", "rotate"], "rotated"), (["key", "reseal"], "resealed"), (["audit", "verify"], "intact"),
            (["export", "all.jsonl"], "exported"), (["key", "master", "other.key"], "created"),
        ] {
            #expect(try await json(command).object?["result"] == .string(result), "\(command)")
        }
        let replaced = try await json(["key", "replace-everything", "--yes", "--client-secrets"]).object
        #expect(replaced?["clients"] == [])
    }

    @Test("new client secrets are printed as JSON, even if a later one can't be stored")
    func secrets() async throws {
        try folder.write(
            "clients.yaml",
            """
            clients:
              - {client_id: app, client_secret: a-secret-of-the-app, redirect_uris: [https://app.example/callback]}
              - {client_id: web, client_secret: a-secret-of-the-web, redirect_uris: [https://web.example/callback]}
            """)
        _ = try await text(["apply", "clients.yaml"])
        let command = ["key", "replace-everything", "--yes", "--client-secrets", "--output", "json"]
        func clients(_ output: String) throws -> [String] {
            let clients = try JSON(parsing: Array(output.dropLast().utf8)).object?["clients"]?.array ?? []
            #expect(clients.allSatisfy { $0.object?["client_secret"]?.string?.count == 43 })
            return clients.compactMap { $0.object?["client_id"]?.string }
        }
        #expect(try await clients(text(command)) == ["app", "web"])

        let database = try SQLiteDatabase(path: folder.url.appending(path: "var/martlet.db").path())
        _ = try await database.transaction {
            try $0.execute(
                """
                CREATE TRIGGER refuse BEFORE UPDATE ON clients WHEN NEW.id = 'web'
                BEGIN SELECT RAISE(ABORT, 'refused'); END
                """, [])
        }
        await database.close()
        let (code, result, errors) = try await RunningProgram.separated(command, in: folder.url)
        #expect(code != 0, "\(errors)")
        #expect(result.hasPrefix(#"{"result":"incomplete","#), "\(result)")
        #expect(try clients(result) == ["app"])
    }

    @Test("names in sentences can't control the terminal either, and JSON has them as they are")
    func sentences() async throws {
        for (name, escaped) in [("a\u{9B}2Jb", #"a\u009b2Jb"#), ("a\u{202E}b", #"a\u202eb"#)] {
            try folder.write("names.yaml", "users: [{username: \"\(escaped)\", password: down-the-rabbit-hole}]")
            let json = try await text(["apply", "names.yaml", "--output", "json"])
            #expect(json.unicodeScalars.contains { !$0.isASCII && name.unicodeScalars.contains($0) })
            _ = try await text(["user", "remove", name, "--yes"])
            let applied = try await text(["apply", "names.yaml"])
            #expect(applied.contains("+ user a\u{FFFD}"), "\(applied)")
            #expect(!applied.unicodeScalars.contains { ["\u{9B}", "\u{202E}"].contains($0) })
            _ = try await text(["user", "remove", name, "--yes"])
        }
    }

    @Test("a plan shows old and new values, and no secrets")
    func plan() async throws {
        _ = try await text(["apply", "resources.yaml"])
        try folder.write(
            "changed.yaml",
            """
            clients:
              - client_id: web
                client_name: Shop
                client_secret: another-secret-of-32-characters-or-so
                redirect_uris: [https://shop.example/callback, https://shop.example/other]
            roles: [{name: editor, permissions: [posts.read], minimum_acr: 'urn:martlet:acr:2'}]
            resource_servers: [{identifier: https://api.example, scopes: [posts.read], access_token: opaque}]
            users:
              - {username: alice, email: liddell@example.com}
              - {username: dan, password: correct horse battery}
            """)
        let (code, plan, _) = try await RunningProgram.separated(["apply", "changed.yaml", "--plan"], in: folder.url)
        #expect(code == 2)
        for line in [
            "~ role editor (permissions)", "    permissions: posts.read posts.write → posts.read",
            "~ client web (client_name, redirect_uris, client_secret)", "    client_name: Web shop → Shop",
            "    redirect_uris: https://shop.example/callback → https://shop.example/callback "
                + "https://shop.example/other",
            "    client_secret: (secret, changed)", "~ user alice (email)",
            "    email: alice@example.com → liddell@example.com", "+ resource server https://api.example",
            "    scopes: posts.read", "    access_token: opaque", "+ user dan", "    password: (secret)",
            "5 to change.",
        ] {
            #expect(plan.split(separator: "\n").contains(line[...]), "\(line) in \(plan)")
        }
        #expect(!plan.contains("identifier:") && !plan.contains("introspection_clients"))
        #expect(!plan.contains("secret-of") && !plan.contains("correct horse"))
    }

    @Test(
        "names can't control the terminal or forge a row", arguments: ["a\u{1B}[2Jb", "a\nb", "a\u{202E}b", "a\u{9B}b"])
    func controls(_ name: String) {
        #expect(Cell.text(.string(name)).unicodeScalars.filter { $0 == "\u{FFFD}" }.count == 1)
        #expect(Cell.text(.string("Zoë 王")) == "Zoë 王")
    }

    @Test("the help of a command shows its own flags, and that of serve all settings")
    func help() async throws {
        let add = try await text(["client", "add", "--help"])
        #expect(add.contains("--redirect-uri") && add.contains("--config"))
        #expect(add.contains(/`martlet\s+serve\s+--help`/))
        #expect(!add.contains("--telemetry-otlp"))
        let serve = try await text(["serve", "--help"])
        let (own, settings) = (serve.firstRange(of: "--demo"), serve.firstRange(of: "--telemetry-otlp"))
        #expect(try #require(own).lowerBound < #require(settings).lowerBound)
    }
}
