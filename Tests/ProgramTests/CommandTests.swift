import Foundation
import IdentityProvider
import TestSupport
import Testing

@Suite("The command line")
struct CommandTests {
    @Test(
        "--help describes every command",
        arguments: [
            [], ["serve"], ["apply"], ["user"], ["group"], ["role"], ["client"], ["key"], ["migrate"], ["check"],
            ["audit"], ["audit", "verify"], ["explain"],
        ])
    func help(_ command: [String]) async throws {
        let folder = try Folder()
        let (code, output) = try await RunningProgram.run(command + ["--help"], in: folder.url)
        #expect(code == 0)
        #expect(output.contains("USAGE: martlet"))
        #expect(output.contains("OVERVIEW: "))
    }

    @Test("responses to unusual sign-ins are read, and mistakes in them reported")
    func suspicion() async throws {
        let folder = try Folder()
        try folder.write(
            "martlet.yaml",
            """
            suspicion:
              unknown_device: shout
              impossible_travel: refuse
              many_accounts: ignore
            """)
        func check(_ arguments: [String]) async throws -> (code: Int32, output: String) {
            try await RunningProgram.run(["check", "--config", "martlet.yaml"] + arguments, in: folder.url)
        }
        let (code, output) = try await check([])
        #expect(code == 78)
        #expect(output.contains("suspicion.unknown_device: must be one of ignore, notify, factor, refuse"))
        #expect(output.contains("suspicion.impossible_travel: requires suspicion.places"))
        try folder.write("none.mmdb", "no database")
        for (file, reason) in [
            ("none.mmdb", "is not a database in MaxMind's format"), ("missing.mmdb", "cannot be read"),
        ] {
            let refused = try await check(["--suspicion-places", file])
            #expect(refused.output.contains("--suspicion-places: the file \(file) \(reason)"))
        }
        try PlaceFile.write(.city, to: folder.url.appending(path: "city.mmdb"))
        let good = try await check(["--suspicion-places", "city.mmdb", "--suspicion-unknown-device", "factor"])
        #expect(good.code == 0, "\(good.output)")
    }

    @Test("switches are true or false and on by default; a short idle time is a mistake")
    func switches() async throws {
        let folder = try Folder()
        try folder.write(
            "martlet.yaml",
            """
            factors: { email_code: false }
            first_party: { built_in_client: maybe }
            lifetimes: { session_idle: 59 }
            """)
        func check(_ arguments: [String]) async throws -> (code: Int32, output: String) {
            try await RunningProgram.run(["check", "--config", "martlet.yaml"] + arguments, in: folder.url)
        }
        let (code, output) = try await check([])
        #expect(code == 78)
        #expect(output.contains("first_party.built_in_client: must be true or false"))
        #expect(output.contains("lifetimes.session_idle: must be a number of seconds from 60 to 31536000"))
        #expect(!output.contains("email_code"))
        let good = try await check(["--first-party-built-in-client", "false", "--lifetimes-session-idle", "900"])
        #expect(good.code == 0, "\(good.output)")
    }

    @Test("all mistakes are reported at once, with file and line, and nothing is created")
    func check() async throws {
        let folder = try Folder()
        try folder.write(
            "martlet.yaml",
            """
            issuer: http://id.example.com
            listen: nowhere
            storage: postgres://x
            trusted_proxies: [10.0.0.0/99]
            tls: { certificate: missing.pem }
            colour: green
            telemetry:
              log: xml
            """)
        try folder.write(
            "resources.yaml",
            """
            clients:
              - client_id: web
                redirect_uris:
                  - https://shop.example/*
                client_secret: short
            """)
        let (code, output) = try await RunningProgram.run(
            ["check", "resources.yaml", "--config", "martlet.yaml"], in: folder.url)
        #expect(code == 78)
        for expected in [
            "martlet.yaml:1: issuer: http://id.example.com must be https", "martlet.yaml:2: listen: must be HOST:PORT",
            "martlet.yaml:3: storage: must be sqlite:FILE",
            "martlet.yaml:4: trusted_proxies: 10.0.0.0/99 is not a network",
            "martlet.yaml:5: tls.certificate: requires tls.key", "martlet.yaml:6: colour: unknown setting",
            "martlet.yaml:8: telemetry.log: must be json or text", "resources.yaml:4: clients[0].redirect_uris[0]:",
        ] {
            #expect(output.contains(expected), "\(expected)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "var").path()))
        let apply = try await RunningProgram.run(["apply", "resources.yaml"], in: folder.url)
        #expect(apply.code == 78)
        #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "var").path()))
    }

    @Test("a resource server without scopes is valid, but check warns about it")
    func scopeless() async throws {
        let folder = try Folder()
        try folder.write("martlet.yaml", "issuer: https://id.example.com")
        try folder.write("resources.yaml", "resource_servers: [{identifier: https://api.example}]")
        let (code, output) = try await RunningProgram.run(
            ["check", "resources.yaml", "--config", "martlet.yaml"], in: folder.url)
        #expect(code == 0)
        #expect(
            output.contains("note: resources.yaml:1: resource_servers[0]: resource server https://api.example has no"))
    }

    @Test(
        "an unknown event is a mistake, and the closest name is suggested",
        arguments: [
            ("sign_in_refuse", "did you mean sign_in_refused?"), ("SIGNED_IN", "see docs/audit.md for all events"),
            ("refresh_token_resued", "did you mean refresh_token_reused?"), ("*", "see docs/audit.md for all events"),
            (String(repeating: "x", count: 20_000), "see docs/audit.md for all events"),
            ("client_enable", "did you mean client_enabled?"),
        ])
    func webhookEvents(_ event: String, _ hint: String) async throws {
        let folder = try Folder()
        try folder.write(
            "martlet.yaml",
            """
            webhooks:
              urls: [https://siem.example.com/martlet]
              secret: a-secret-of-the-webhook-that-is-long-enough
              events: [sign_in_refused, "\(event)"]
            """)
        let (code, output) = try await RunningProgram.run(["check", "--config", "martlet.yaml"], in: folder.url)
        #expect(code == 78)
        #expect(output.contains("martlet.yaml:4: webhooks.events: unknown event \(event): \(hint)"), "\(output)")
        #expect(!output.contains("unknown event sign_in_refused"))
    }

    @Test("docs/audit.md lists exactly the existing events")
    func documentedEvents() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/audit.md")
        let page = try String(contentsOf: file.standardizedFileURL, encoding: .utf8)
        let chapter = try #require(page.components(separatedBy: "\n## ").first { $0.hasPrefix("Events") })
        let listed = chapter.matches(of: /`([a-z_]+)`/).map { String($0.1) }
        #expect(listed == AuditEvent.Name.allCases.map(\.rawValue))
    }

    @Test(
        "YAML with duplicate keys, or that can't be parsed, is refused",
        arguments: ["issuer: a\nissuer: b", "a: [", "- x", "\u{0}"])
    func yaml(_ text: String) async throws {
        let folder = try Folder()
        try folder.write("martlet.yaml", text)
        let (code, output) = try await RunningProgram.run(["check", "--config", "martlet.yaml"], in: folder.url)
        #expect(code == 78)
        #expect(output.contains("martlet.yaml"))
    }

    @Test("a flag overrides a variable, and a variable the file; an unknown variable is a mistake")
    func precedence() async throws {
        let folder = try Folder()
        try folder.write("martlet.yaml", "issuer: https://file.example/")
        func check(_ arguments: [String], _ environment: [String: String]) async throws -> String {
            let program = try RunningProgram(
                ["check", "--config", "martlet.yaml"] + arguments, in: folder.url, environment: environment)
            _ = try await program.wait()
            return program.output
        }
        #expect(try await check([], [:]).contains("https://file.example/ must not end with a slash"))
        let variable = ["MARTLET_ISSUER": "https://variable.example/"]
        #expect(try await check([], variable).contains("MARTLET_ISSUER: https://variable.example/ must not"))
        #expect(try await check(["--issuer", "https://flag.example/"], variable).contains("--issuer: https://flag"))
        #expect(try await check(["--issuer", "https://flag.example"], variable).contains("No errors found."))
        #expect(try await check([], ["MARTLET_COLOUR": "green"]).contains("MARTLET_COLOUR: unknown setting"))
        #expect(
            try await check([], ["MARTLET_LISEN": "x"])
                .contains("MARTLET_LISEN: unknown setting; did you mean MARTLET_LISTEN"))
    }

    @Test("apply: --plan exits with 2 and applying with 0, and a second run changes nothing")
    func apply() async throws {
        let folder = try Folder()
        try folder.write("resources.yaml", "users:\n  - username: alice\n    password: correct horse\n")
        #expect(try await RunningProgram.run(["migrate"], in: folder.url).code == 0)
        let plan = try await RunningProgram.run(["apply", "resources.yaml", "--plan"], in: folder.url)
        #expect(plan.code == 2)
        #expect(plan.output.contains("+ user alice"))
        #expect(try await RunningProgram.run(["apply", "resources.yaml"], in: folder.url).code == 0)
        let again = try await RunningProgram.run(["apply", "resources.yaml", "--plan"], in: folder.url)
        #expect(again.code == 0)
        #expect(again.output.contains("Nothing to change."))
        try folder.write("empty.yaml", "users: []")
        let prune = try await RunningProgram.run(["apply", "empty.yaml", "--prune", "--yes"], in: folder.url)
        #expect(prune.output.contains("- user alice"))
    }

    @Test("apply: a password changed by its owner stays, and a note says so")
    func ownPassword() async throws {
        let folder = try Folder()
        try folder.write("resources.yaml", "users:\n  - username: alice\n    password: correct horse\n")
        #expect(try await RunningProgram.run(["apply", "resources.yaml"], in: folder.url).code == 0)
        let password = ["user", "password", "alice"]
        #expect(try await RunningProgram.run(password, in: folder.url, input: "another horse\n").code == 0)
        for arguments in [["--plan"], []] {
            let run = try await RunningProgram.run(["apply", "resources.yaml"] + arguments, in: folder.url)
            #expect(run.code == 0)
            #expect(run.output.contains("Nothing to change."))
            #expect(run.output.contains("note: user alice has a different password than the file"))
            #expect(!run.output.contains("horse"))
        }
    }

    @Test("users are added with a password from standard input, listed, disabled and removed")
    func users() async throws {
        let folder = try Folder()
        func run(_ arguments: [String], input: String? = nil) async throws -> (code: Int32, output: String) {
            try await RunningProgram.run(["user"] + arguments, in: folder.url, input: input)
        }
        #expect(try await RunningProgram.run(["migrate"], in: folder.url).code == 0)
        #expect(try await run(["add", "alice"], input: "correct horse\n").code == 0)
        #expect(try await run(["add", "ALICE"], input: "correct horse\n").code == 78)
        #expect(try await run(["add", "bob"], input: "short\n").output.contains("8 to 256"))
        #expect(try await run(["add", "bob"], input: "password\n").output.contains("too common"))
        #expect(try await run(["add", "robert.bob"], input: "Robert.Bob\n").output.contains("the user's name"))
        #expect(try await run(["add", "bob"]).code == 64)
        #expect(try await run(["disable", "alice"]).code == 0)
        #expect(try await run(["list"]).output.contains(/\nUSERNAME +SUB +EMAIL +DISABLED\nalice +\S+ +- +yes\n/))
        #expect(try await run(["disable", "nobody"]).code == 78)
        #expect(try await run(["remove", "alice", "--yes"]).code == 0)
        #expect(try await !run(["list"]).output.contains("alice"))
    }

    @Test("roles and groups are created, assigned, withdrawn and removed")
    func roles() async throws {
        let folder = try Folder()
        func run(_ arguments: [String], input: String? = nil) async throws -> (code: Int32, output: String) {
            try await RunningProgram.run(arguments, in: folder.url, input: input)
        }
        #expect(try await run(["migrate"]).code == 0)
        #expect(try await run(["user", "add", "alice"], input: "correct horse\n").code == 0)
        #expect(try await run(["role", "set", "editor", "--permission", "posts:write"]).code == 0)
        #expect(try await run(["role", "set", "a,b"]).code == 78)
        #expect(try await run(["group", "set", "press", "--role", "editor", "--description", "Writes"]).code == 0)
        #expect(try await run(["group", "set", "press", "--role", "edtior"]).output.contains("no role named edtior"))
        #expect(try await run(["role", "list"]).output.contains(/\neditor +posts:write +-\n/))
        // Changing the role's permissions must not relax its sign-in requirement.
        try folder.write("roles.yaml", "roles: [{name: editor, permissions: [], minimum_acr: 'urn:martlet:acr:2'}]")
        #expect(try await run(["apply", "roles.yaml"]).code == 0)
        #expect(try await run(["role", "set", "editor", "--permission", "posts:read"]).code == 0)
        #expect(try await run(["role", "list"]).output.contains(/\neditor +posts:read +urn:martlet:acr:2\n/))
        #expect(try await run(["group", "list"]).output.contains(/\npress +editor +Writes\n/))
        #expect(try await run(["user", "assign", "alice"]).code == 64)
        #expect(try await run(["user", "assign", "alice", "--role", "edtior"]).code == 78)
        #expect(try await run(["user", "assign", "alice", "--role", "editor", "--group", "press"]).code == 0)
        #expect(try await run(["user", "roles", "alice"]).output.contains(/\nroles +editor\ngroups +press\n/))
        #expect(try await run(["user", "withdraw", "alice", "--role", "editor", "--yes"]).code == 0)
        #expect(try await !run(["user", "roles", "alice"]).output.contains("editor"))
        #expect(try await run(["group", "remove", "press", "--yes"]).code == 0)
        #expect(try await run(["role", "remove", "editor", "--yes"]).code == 0)
        #expect(try await !run(["user", "roles", "alice"]).output.contains("press"))
    }

    @Test("keys are listed, rotated and retired")
    func keys() async throws {
        let folder = try Folder()
        func run(_ arguments: [String]) async throws -> (code: Int32, output: String) {
            try await RunningProgram.run(["key"] + arguments, in: folder.url)
        }
        #expect(try await RunningProgram.run(["migrate"], in: folder.url).code == 0)
        let first = try await run(["list"]).output.split(separator: "\n").filter { $0.contains(" current ") }
        #expect(first.count == 2)
        #expect(try await run(["rotate", "--algorithm", "ES256"]).code == 0)
        #expect(try await run(["list"]).output.contains(/\nES256 +next +/))
        let key = try #require(first.first { $0.hasPrefix("ES256") }?.split(separator: " ")[2])
        #expect(try await run(["retire", "--yes", "--", String(key)]).code == 0)
        #expect(try await !run(["list"]).output.contains(key))
        #expect(try await run(["retire", "nothing", "--yes"]).code == 78)
        #expect(try await run(["rotate", "--algorithm", "none"]).code == 64)
    }

    @Test("an unusable storage stops startup with one sentence that says what to do")
    func storage() async throws {
        let folder = try Folder()
        try folder.write("text.db", "this is not a database, but a text of some length to be read as a header ...")
        let text = try await RunningProgram.run(["migrate", "--storage", "sqlite:text.db"], in: folder.url)
        #expect(text.code == 69)
        #expect(text.output.contains("is not a Martlet database"))
        let missing = try await RunningProgram.run(["migrate", "--storage", "sqlite:/proc/no/x.db"], in: folder.url)
        #expect(missing.code == 69)
        #expect(missing.output.contains("cannot be opened"))
    }

    @Test("a different master key, one that others may read, or none for a database in use is refused")
    func masterKey() async throws {
        let folder = try Folder()
        #expect(try await RunningProgram.run(["migrate"], in: folder.url).code == 0)
        let path = folder.url.appending(path: "var/master.key").path()
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        #expect(try await RunningProgram.run(["key", "list"], in: folder.url).output.contains("chmod 600"))
        try FileManager.default.removeItem(atPath: path)
        // A new key could not open the data, so none is left behind.
        for command in [["key", "list"], ["serve"], ["migrate"]] {
            let missing = try await RunningProgram.run(command, in: folder.url)
            #expect(missing.code == 78)
            #expect(missing.output.contains("var/master.key: no master key found"), "\(missing.output)")
            #expect(!FileManager.default.fileExists(atPath: path))
        }
        #expect(try await RunningProgram.run(["key", "master", "var/master.key"], in: folder.url).code == 0)
        let other = try await RunningProgram.run(["key", "list"], in: folder.url)
        #expect(other.code == 78)
        #expect(other.output.contains("master key does not open"))
    }

    @Test("the demo serves only this machine")
    func demo() async throws {
        let folder = try Folder()
        for arguments in [["--issuer", "https://id.example.com"], ["--listen", "0.0.0.0:8080"]] {
            let (code, output) = try await RunningProgram.run(["serve", "--demo"] + arguments, in: folder.url)
            #expect(code == 78)
            #expect(output.contains("the demo's passwords are public"))
        }
    }
}
