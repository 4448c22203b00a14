import Foundation
import TestSupport
import Testing

@Suite("Resource files: defaults, anchors, and secrets outside the file")
struct ResourceFileTests {
    private func check(_ folder: Folder, _ files: String...) async throws -> (code: Int32, output: String) {
        try await RunningProgram.run(["check"] + files, in: folder.url)
    }

    @Test("defaults apply to the clients of their own file; anchors may be kept in members of their own")
    func defaults() async throws {
        let folder = try Folder()
        try folder.write(
            "a.yaml",
            """
            x-web: &web
              redirect_uris: [https://a.example/callback]
              client_secret: 0123456789abcdef0123456789abcdef
            defaults: {consent: skip}
            clients:
              - {<<: *web, client_id: a}
            """)
        try folder.write("b.yaml", "clients:\n  - {client_id: b, token_endpoint_auth_method: none, grant_types: []}\n")
        let apply = try await RunningProgram.run(["apply", "a.yaml", "b.yaml"], in: folder.url)
        #expect(apply.code == 0, "\(apply.output)")
        let plan = try await RunningProgram.run(["apply", "b.yaml", "a.yaml", "--plan"], in: folder.url)
        #expect(plan.output.contains("Nothing to change."))
        // The default reached only the client in its file.
        try folder.write(
            "b.yaml",
            "clients:\n  - {client_id: b, token_endpoint_auth_method: none, grant_types: [], consent: skip}\n")
        let changed = try await RunningProgram.run(["apply", "b.yaml", "--plan"], in: folder.url)
        #expect(changed.output.contains("~ client b (consent)"))
    }

    @Test("mistakes in defaults and merged members have the line where they are written")
    func lines() async throws {
        let folder = try Folder()
        try folder.write(
            "a.yaml",
            """
            x-web: &web
              pkce: never
            defaults:
              consent: skipp
            clients:
              - <<: *web
                client_id: a
                grant_types: []
                token_endpoint_auth_method: none
            client: []
            """)
        let (code, output) = try await check(folder, "a.yaml")
        #expect(code == 78)
        #expect(output.contains("a.yaml:4: defaults.consent: must be ask or skip"))
        #expect(output.contains("a.yaml:2: clients[0].pkce: must be required or optional"))
        #expect(output.contains("a.yaml:10: client: is not a kind of resource; did you mean clients?"))
    }

    @Test("a secret in a file of its own, with a path relative to the resource file")
    func secretFile() async throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: "conf/secrets"), withIntermediateDirectories: true)
        try folder.write("conf/secrets/a", "secret-of-a-secret-of-a-secret-of-a\n")
        try folder.write(
            "conf/resources.yaml",
            """
            clients:
              - {client_id: a, client_secret_file: secrets/a, grant_types: [client_credentials]}
              - client_id: b
                client_secret_file: \(folder.url.path())/conf/secrets/a
                grant_types: [client_credentials]
            """)
        let server = try await RunningServer(["--apply", "conf/resources.yaml"], in: folder.url)
        let browser = WebClient(origin: server.issuer)
        for (client, secret, status) in [
            ("a", "secret-of-a-secret-of-a-secret-of-a", 200), ("b", "secret-of-a-secret-of-a-secret-of-a", 200),
            ("a", "secrets/a", 401),
        ] {
            let answer = try await browser.post(
                "/token", [("grant_type", "client_credentials")], headers: [basic(client, secret)])
            #expect(answer.status == status)
        }
        #expect(!server.program.output.contains("secret-of-a"))
        try await server.stop()
    }

    @Test("mistakes in a secret's file are reported where it is named, without showing the secret")
    func secretFileMistakes() async throws {
        let folder = try Folder()
        try folder.write("short", "too-short\n")
        try folder.write("empty", "\n")
        try folder.write("two", "first-line-of-a-secret\nsecond-line-of-a-secret\n")
        try folder.write("good", "0123456789abcdef0123456789abcdef")
        func reported(_ members: String) async throws -> String {
            try folder.write("r.yaml", "clients:\n  - client_id: a\n    grant_types: []\n    \(members)\n")
            let (code, output) = try await check(folder, "r.yaml")
            #expect(code == 78)
            return output
        }
        let place = "r.yaml:4: clients[0].client_secret_file"
        #expect(try await reported("client_secret_file: none").contains("\(place): none cannot be read; check that"))
        for name in ["empty", "two"] {
            let output = try await reported("client_secret_file: \(name)")
            #expect(output.contains("\(place): \(name) must contain the secret on a single line"))
            #expect(!output.contains("first-line"))
        }
        let short = try await reported("client_secret_file: short")
        #expect(short.contains("r.yaml:4: clients[0].client_secret: must have at least 16 characters"))
        #expect(!short.contains("too-short"))
        #expect(try await reported("client_secret_file: 1").contains("\(place): must be the path of a file"))
        for other in ["client_secret: 0123456789abcdef", "client_secret_digest: x"] {
            #expect(
                try await reported("client_secret_file: good\n    \(other)")
                    .contains("\(place): cannot be combined with \(other.prefix { $0 != ":" })"))
        }
    }

    @Test("the command in docs/configuration.md makes the digest of a secret")
    func secretDigest() async throws {
        let folder = try Folder()
        let docs = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/configuration.md")
        let text = try String(contentsOf: docs.standardizedFileURL, encoding: .utf8)
        let command = try #require(text.firstMatch(of: #/\n(printf %s "\$secret"[^\n]*)\n/#)?.1)
        let secret = String(repeating: "0123456789abcdef", count: 4)
        let shell = Process()
        let output = Pipe()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", "secret=\(secret)\n\(command)"]
        shell.standardOutput = output
        try shell.run()
        let printed = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        let digest = printed.trimmingCharacters(in: .newlines)
        try folder.write(
            "resources.yaml",
            "clients:\n  - {client_id: a, client_secret_digest: '\(digest)', grant_types: [client_credentials]}\n")
        let server = try await RunningServer(["--apply", "resources.yaml"], in: folder.url)
        let browser = WebClient(origin: server.issuer)
        for (text, status) in [(secret, 200), (digest, 401)] {
            let answer = try await browser.post(
                "/token", [("grant_type", "client_credentials")], headers: [basic("a", text)])
            #expect(answer.status == status)
        }
        try await server.stop()
    }

    @Test("check and apply note a secret that form-encoding changes, and accept it")
    func note() async throws {
        let folder = try Folder()
        let secret = "5CFNd0OMGyV3uhDA3GPSHwAtvL+/yt1="
        try folder.write("r.yaml", "clients:\n  - {client_id: a, client_secret: '\(secret)', grant_types: []}\n")
        for command in [["check", "r.yaml"], ["apply", "r.yaml"], ["apply", "r.yaml", "--plan"]] {
            let (code, output) = try await RunningProgram.run(command, in: folder.url)
            #expect(code == 0)
            #expect(
                output.contains("note: r.yaml:2: clients[0].client_secret: client a: its client_secret has characters"))
            #expect(output.contains("`openssl rand -hex 32`"))
            #expect(!output.contains(secret))
        }
    }
}
