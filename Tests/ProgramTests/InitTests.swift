import Foundation
import IdentityProvider
import TestSupport
import Testing

@Suite("martlet init")
struct InitTests {
    /// Issuer, name, storage, TLS certificate, networks, address, mail server, sender, username, email, password.
    private static let answers = [
        "https://id.example.com/", "https://id.example.com", "Example: \"ID\"",
        "mariadb://martlet:p%40ss@127.0.0.1:1/martlet", "", "10.0.0.0/99", "10.0.0.0/8, ::1", "nowhere",
        "127.0.0.1:9090",
        "smtp://user:letterbox@mail.example.com:587", "", "alice", "not an address", "alice@example.com", "short",
        "correct horse battery staple",
    ]

    @Test(
        "an invalid answer is asked for again, and what is written can be checked, with secrets in files of their own")
    func answers() async throws {
        let folder = try Folder()
        let (code, output) = try await RunningProgram.run(
            ["init", "etc"], in: folder.url, input: Self.answers.joined(separator: "\n") + "\n")
        #expect(code == 0, "\(output)")
        for refusal in [
            "https://id.example.com/ must not end with a slash", "10.0.0.0/99 is not a network",
            "HOST:PORT or unix:PATH",
            "email must be an email address", "the password must have 8 to 256 characters",
        ] { #expect(output.contains(refusal), "\(refusal)") }
        #expect(!output.contains("horse") && !output.contains("letterbox") && !output.contains("p%40ss"))

        let configuration = try text("etc/martlet.yaml", folder)
        #expect(configuration.contains("trusted_proxies: [10.0.0.0/8, \"::1\"]"))
        #expect(!configuration.contains("p%40ss") && !configuration.contains("letterbox"))
        #expect(try text("etc/storage-url", folder) == "mariadb://martlet:p%40ss@127.0.0.1:1/martlet\n")
        let resources = try text("etc/resources.yaml", folder)
        #expect(resources.contains("$argon2id$") && !resources.contains("horse"))
        for (name, mode) in [
            ("martlet.yaml", 0o644), ("martlet.service", 0o644), ("resources.yaml", 0o600), ("storage-url", 0o600),
            ("mail-url", 0o600), ("master.key", 0o600),
        ] {
            let path = folder.url.appending(path: "etc/\(name)").path()
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == mode, "\(name)")
        }
    }

    @Test("an installation with the defaults serves, and its first user can sign in with the password")
    func serves() async throws {
        let folder = try Folder()
        let port = try freePort()
        let (code, output) = try await RunningProgram.run(
            ["init", "--yes", "--issuer", "http://localhost:\(port)", "--username", "alice"], in: folder.url,
            input: "correct horse battery staple\n")
        #expect(code == 0, "\(output)")
        #expect(output.contains("martlet apply \(folder.url.path())/resources.yaml".replacing("//", with: "/")))
        let program = try RunningProgram(
            ["serve", "--config", "martlet.yaml", "--apply", "resources.yaml"], in: folder.url)
        try await until("the program serves") { program.output.contains("serving") || !program.isRunning }
        #expect(program.isRunning, "\(program.output)")
        let browser = WebClient(origin: "http://localhost:\(port)", port: port)
        for (password, status) in [("correct horse battery staple", 200), ("the wrong password", 401)] {
            let answer = try await browser.postJSON(
                "/api/auth/login", #"{"username":"alice","password":"\#(password)"}"#)
            #expect(answer.status == status, "\(answer.body)")
        }
        program.signal(SIGTERM)
        #expect(try await program.wait() == 0)
    }

    @Test("a URL with a password is read from a file, and not taken from there and a flag at once")
    func secretFiles() async throws {
        let folder = try Folder()
        try folder.write("database", "mariadb://martlet:letmein@127.0.0.1:1/martlet?timeout=1\n")
        let arguments = ["init", "etc", "--yes", "--storage-file", "database"]
        let both = try await RunningProgram.run(arguments + ["--storage", "sqlite:x"], in: folder.url)
        #expect(both.code == 78)
        let (code, output) = try await RunningProgram.run(arguments, in: folder.url)
        #expect(code == 0, "\(output)")
        #expect(!output.contains("letmein"))
        #expect(try text("etc/storage-url", folder) == "mariadb://martlet:letmein@127.0.0.1:1/martlet?timeout=1\n")
        #expect(output.contains("note: storage: "))
    }

    @Test(
        "a name with a line break of YAML is refused, so that it can't add settings",
        arguments: [
            "a\u{2028}issuer: https://evil.example", "a\u{85}b", "a\u{7}b",
        ])
    func name(_ name: String) async throws {
        let folder = try Folder()
        let (code, output) = try await RunningProgram.run(["init", "etc", "--yes", "--name", name], in: folder.url)
        #expect(code == 78)
        #expect(output.contains("--name: The name must not be empty or have control characters."))
    }

    @Test("the commands that it prints name single files, quoted, so that a shell does nothing else")
    func commands() async throws {
        let folder = try Folder()
        let (code, output) = try await RunningProgram.run(["init", "it's $HOME", "--yes"], in: folder.url)
        #expect(code == 0, "\(output)")
        let line = try #require(output.split(separator: "\n").first { $0.contains("chown") })
        let shell = Process()
        let pipe = Pipe()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", String(line.replacing("chown martlet:", with: "ls -d"))]
        shell.standardOutput = pipe
        try shell.run()
        let listed = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        let root = folder.url.appending(path: "it's $HOME").path(percentEncoded: false)
        #expect(listed == "\(root)/master.key\n\(root)/resources.yaml\n")
    }

    @Test("a socket and data outside the folder are writable for the service, and nothing else")
    func writable() async throws {
        let folder = try Folder()
        for (address, expected) in [
            ("unix:/run/martlet/http.sock", "RuntimeDirectory=martlet\n"),
            ("unix:/srv/sockets/http.sock", "ReadWritePaths=/srv/sockets\n"),
        ] {
            let name = "etc\(expected.count)"
            let (code, output) = try await RunningProgram.run(
                ["init", name, "--yes", "--storage", "sqlite:/srv/data/martlet.db", "--listen", address], in: folder.url
            )
            #expect(code == 0, "\(output)")
            let unit = try text("\(name)/martlet.service", folder)
            #expect(unit.contains("ReadWritePaths=/srv/data\n") && unit.contains(expected))
            let paths = unit.split(separator: "\n").filter { $0.hasPrefix("ReadWritePaths=") }
            #expect(paths.count == (address.hasPrefix("unix:/run") ? 1 : 2))
        }
    }

    @Test("existing files are not changed, and nothing else is written beside them")
    func existing() async throws {
        let folder = try Folder()
        try folder.write("master.key", "the key of the present installation")
        let (code, output) = try await RunningProgram.run(["init", "--yes"], in: folder.url)
        #expect(code == 78)
        #expect(output.contains("master.key: already exists"))
        #expect(try text("master.key", folder) == "the key of the present installation")
        #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "martlet.yaml").path()))
    }

    @Test(
        "input that ends too early, and an invalid flag, leave nothing behind",
        arguments: [
            (["init", "--username", "alice"], "http://localhost:8080\n", 64),
            (["init", "--issuer", "id.example.com"], "", 78),
        ])
    func incomplete(_ arguments: [String], _ input: String, _ expected: Int32) async throws {
        let folder = try Folder()
        let (code, _) = try await RunningProgram.run(arguments + ["here"], in: folder.url, input: input)
        #expect(code == expected)
        #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "here").path()))
    }

    @Test(
        "systemd accepts the unit, which exposes little, also with a privileged port and odd names of folders",
        arguments: [("plain", []), ("a 100% odd $name", ["--listen", "0.0.0.0:443"])])
    func unit(_ name: String, _ flags: [String]) async throws {
        let folder = try Folder()
        let (code, output) = try await RunningProgram.run(["init", name, "--yes"] + flags, in: folder.url)
        #expect(code == 0, "\(output)")
        let unit = folder.url.appending(path: "\(name)/martlet.service").path(percentEncoded: false)
        let verified = try systemdAnalyze(["verify", "--man=no", unit])
        #expect(verified.code == 0, "\(verified.output)")
        #expect(!verified.output.contains("martlet.service:"), "\(verified.output)")
        // In tenths. Debian's own hardened services have about 2.
        let rated = try systemdAnalyze(["security", "--offline=true", "--no-pager", "--threshold=20", unit])
        #expect(rated.code == 0, "\(rated.output)")
        #expect(try text("\(name)/martlet.service", folder).contains("CAP_NET_BIND_SERVICE") == !flags.isEmpty)
    }

    private func text(_ name: String, _ folder: Folder) throws -> String {
        try String(contentsOf: folder.url.appending(path: name), encoding: .utf8)
    }

    private func systemdAnalyze(_ arguments: [String]) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/systemd-analyze")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
