import ArgumentParser
import Foundation
import Glibc
import IdentityProvider
import TestSupport
import Testing

@testable import martlet

@Suite("The configuration file")
struct ConfigurationFileTests {
    private func path(_ folder: Folder, _ name: String) -> String { folder.url.appending(path: name).path() }

    @Test("a command says which issuer, storage and file it uses, on standard error, or where it looked")
    func summary() async throws {
        let folder = try Folder()
        let nothing = try await RunningProgram.separated(["user", "list"], in: folder.url)
        #expect(
            nothing.errors.hasPrefix(
                "martlet: http://localhost:8080 in sqlite:var/martlet.db, no configuration file "
                    + "(looked for --config, MARTLET_CONFIG, martlet.yaml, /etc/martlet/martlet.yaml)\n"),
            "\(nothing.errors)")
        try folder.write("own.yaml", "issuer: https://id.example.com")
        let named = ["--config", "own.yaml"]
        #expect(try await RunningProgram.run(["migrate"] + named, in: folder.url).code == 0)
        let list = try await RunningProgram.separated(["user", "list", "--output", "json"] + named, in: folder.url)
        #expect(
            list.errors == "martlet: https://id.example.com in sqlite:var/martlet.db, configured by own.yaml\n")
        #expect(list.result == "[]\n")
        let variable = try await RunningProgram.separated(
            ["user", "list"], in: folder.url, environment: ["MARTLET_CONFIG": "own.yaml"])
        #expect(variable.errors == list.errors)
        let flag = try await RunningProgram.separated(
            ["user", "list", "--issuer", "https://id.example.com"], in: folder.url)
        #expect(flag.errors == "martlet: https://id.example.com in sqlite:var/martlet.db, no configuration file\n")
    }

    @Test("martlet.yaml in the current folder is found, by commands and by the server, and --config overrides it")
    func found() async throws {
        let folder = try Folder()
        try folder.write("martlet.yaml", "{issuer: https://here.example, colour: green}")
        try folder.write("own.yaml", "issuer: https://id.example.com")
        for command in [["user", "list"], ["serve"]] {
            let (code, output) = try await RunningProgram.run(command, in: folder.url)
            #expect(code == 78)
            #expect(output.contains("martlet.yaml:1: colour: unknown setting"), "\(output)")
        }
        let other = try await RunningProgram.run(["user", "list", "--config", "own.yaml"], in: folder.url)
        #expect(other.output.contains("https://id.example.com"))
        #expect(!other.output.contains("colour"))
    }

    @Test("the first existing place is used")
    func order() throws {
        let folder = try Folder()
        let places = ["a.yaml", "b.yaml", "c.yaml"].map { path(folder, $0) }
        #expect(try ConfigurationFile.find(in: places) == nil)
        try folder.write("c.yaml", "issuer: https://c.example")
        try folder.write("b.yaml", "issuer: https://b.example")
        #expect(try ConfigurationFile.find(in: places)?.path == places[1])
    }

    @Test("a file that another user can write is not used unless it is named", arguments: [0o666, 0o602])
    func writable(_ mode: Int) async throws {
        let folder = try Folder()
        try folder.write("martlet.yaml", "issuer: https://evil.example")
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path(folder, "martlet.yaml"))
        let (code, output) = try await RunningProgram.run(["user", "list"], in: folder.url)
        #expect(code == 78)
        #expect(output.contains("martlet.yaml: not used, because another user may have written it"), "\(output)")
        #expect(!output.contains("evil"))
        let named = try await RunningProgram.run(["user", "list", "--config", "martlet.yaml"], in: folder.url)
        #expect(named.code == 69)
    }

    @Test(
        "a file that another group can write is not used, nor one that root's group can",
        arguments: [
            (mode: 0o600, owner: 1_000, group: 50, user: 1_000, isOwn: true),
            (mode: 0o640, owner: 0, group: 50, user: 1_000, isOwn: true),
            (mode: 0o664, owner: 1_000, group: 1_000, user: 1_000, isOwn: true),
            (mode: 0o664, owner: 1_000, group: 50, user: 1_000, isOwn: false),
            (mode: 0o660, owner: 0, group: 50, user: 1_000, isOwn: false),
            (mode: 0o664, owner: 0, group: 50, user: 0, isOwn: false),
            (mode: 0o664, owner: 0, group: 0, user: 0, isOwn: false),
            (mode: 0o602, owner: 1_000, group: 1_000, user: 1_000, isOwn: false),
            (mode: 0o600, owner: 1_001, group: 1_000, user: 1_000, isOwn: false),
        ] as [(mode: mode_t, owner: uid_t, group: gid_t, user: uid_t, isOwn: Bool)])
    func group(_ file: (mode: mode_t, owner: uid_t, group: gid_t, user: uid_t, isOwn: Bool)) {
        let permissions = ConfigurationFile.Permissions(
            mode: S_IFREG | file.mode, owner: file.owner, group: file.group)
        // The primary group of a user has the user's number.
        #expect(ConfigurationFile.isOwn(permissions, user: file.user, group: file.user) == file.isOwn)
    }

    @Test(
        "root does not use a file that its group can write",
        .enabled(if: geteuid() == 0, "only root can give files away"), arguments: [0, 50] as [gid_t])
    func groupOfRoot(_ group: gid_t) async throws {
        let folder = try Folder()
        try folder.write("martlet.yaml", "issuer: https://evil.example")
        let place = path(folder, "martlet.yaml")
        #expect(unsafe chown(place, 0, group) == 0)
        #expect(unsafe chmod(place, 0o664) == 0)
        let (code, output) = try await RunningProgram.run(["user", "list"], in: folder.url)
        #expect(code == 78)
        #expect(output.contains("martlet.yaml: not used, because another user may have written it"), "\(output)")
        #expect(!output.contains("evil"))
    }

    @Test("a file of another user is not used", .enabled(if: geteuid() == 0, "only root can give files away"))
    func owner() throws {
        let folder = try Folder()
        try folder.write("martlet.yaml", "issuer: https://evil.example")
        #expect(unsafe chown(path(folder, "martlet.yaml"), 65_534, 65_534) == 0)
        #expect(throws: Mistakes.self) { try ConfigurationFile.find(in: [path(folder, "martlet.yaml")]) }
    }

    @Test("a link, folder or FIFO in the current folder is not used", arguments: ["link", "folder", "fifo"])
    func irregular(_ kind: String) async throws {
        let folder = try Folder()
        let place = path(folder, "martlet.yaml")
        try folder.write("own.yaml", "issuer: https://evil.example")
        switch kind {
        case "link": try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: "own.yaml")
        case "folder": try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        default: #expect(unsafe mkfifo(place, 0o600) == 0)
        }
        let (code, output) = try await RunningProgram.run(["user", "list"], in: folder.url)
        #expect(code == 78)
        #expect(output.contains("error: martlet.yaml: not used, because "), "\(output)")
        #expect(output.contains("is a symbolic link") == (kind == "link"))
        #expect(output.contains("to use it, add --config martlet.yaml"))
        #expect(!output.contains("evil"))
    }
}

@Suite("Environment variables that Kubernetes sets for Services")
struct ServiceVariableTests {
    /// What Kubernetes sets in every container for a Service with this name.
    private static func variables(of service: String) -> [String: String] {
        let name = service.uppercased().replacing("-", with: "_")
        return [
            "\(name)_SERVICE_HOST": "10.0.0.11", "\(name)_SERVICE_PORT": "80", "\(name)_SERVICE_PORT_HTTP": "80",
            "\(name)_SERVICE_PORT_HTTP_METRICS": "9464", "\(name)_PORT": "tcp://10.0.0.11:80",
            "\(name)_PORT_80_TCP": "tcp://10.0.0.11:80", "\(name)_PORT_80_TCP_PROTO": "tcp",
            "\(name)_PORT_80_TCP_PORT": "80", "\(name)_PORT_80_TCP_ADDR": "10.0.0.11",
            "\(name)_PORT_53_UDP": "udp://10.0.0.11:53",
        ]
    }

    private func settings(_ environment: [String: String]) throws -> Configuration {
        try Configuration(ConfigurationOptions.parse([]), environment: environment, places: [])
    }

    @Test("they are ignored", arguments: ["martlet", "martlet-admin", "martlet-listen", "martlet-storage"])
    func ignored(_ service: String) throws {
        let environment = Self.variables(of: service)
        let configuration = try settings(environment.merging(["MARTLET_NAME": "Front Door"]) { $1 })
        #expect(configuration.serviceVariables == environment.keys.sorted())
        #expect(configuration.settings.name == "Front Door")
    }

    @Test(
        "everything else that is unknown is still refused",
        arguments: [
            ("MARTLET_PORT", "8080"), ("MARTLET_LISTEN_PORT", "tcp://10.0.0.11:80"), ("MARTLET_SERVICE", "x"),
            ("MARTLET_PORT_HTTP", "x"), ("MARTLET_PORT_80_TCP_HOST", "x"), ("MARTLET_PORT_80_HTTP", "x"),
            ("MARTLET_PORT_99999_TCP", "x"), ("MARTLET_OTHER_SERVICE_HOST", "10.0.0.12"), ("MARTLET_COLOUR", "green"),
        ])
    func refused(_ name: String, _ value: String) throws {
        var environment = Self.variables(of: "martlet")
        environment[name] = value
        let error = #expect(throws: Mistakes.self) { try settings(environment) }
        #expect(error?.lines.count == 1)
        #expect(error?.lines.first?.hasPrefix("\(name): unknown setting") == true)
    }

    @Test("without the variables for host and port, there is no Service")
    func incomplete() throws {
        #expect(throws: Mistakes.self) { try settings(["MARTLET_PORT": "tcp://10.0.0.11:80"]) }
        #expect(throws: Mistakes.self) { try settings(["MARTLET_SERVICE_HOST": "10.0.0.11"]) }
    }

    @Test("no setting has such a name", arguments: Setting.allCases)
    func distinct(_ setting: Setting) {
        for variable in [setting.variable, setting.variable + "_FILE"] {
            for suffix in Self.variables(of: "martlet").keys.map({ $0.dropFirst("MARTLET".count) }) {
                #expect(!variable.hasSuffix(suffix))
            }
        }
    }

    @Test("the server starts and says once what it ignored")
    func server() async throws {
        let folder = try Folder()
        let port = try freePort()
        let program = try RunningProgram(
            ["serve", "--issuer", "http://localhost:\(port)", "--listen", "127.0.0.1:\(port)"], in: folder.url,
            environment: Self.variables(of: "martlet"))
        try await until("the server started") { program.output.contains("serving") }
        program.signal(SIGTERM)
        #expect(try await program.wait() == 0)
        let notes = program.output.split(separator: "\n").filter { $0.contains("that Kubernetes sets") }
        #expect(notes.count == 1)
        #expect(notes.first?.contains("MARTLET_PORT_80_TCP_ADDR") == true)
    }
}
