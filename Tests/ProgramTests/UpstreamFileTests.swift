import Foundation
import TestSupport
import Testing

@Suite("Upstreams in resource files: secrets in files of their own, plans, and the example in the docs")
struct UpstreamFileTests {
    private static let secret = "the-secret-of-acme-from-a-file"

    private func openssl(_ arguments: String..., in folder: Folder) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = folder.url
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    private func makeKey(_ path: String, in folder: Folder) throws {
        try openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path, in: folder)
    }

    private static let upstreams = """
        upstreams:
          - preset: google
            client_id: c
            client_secret_file: secrets/google
          - preset: apple
            team_id: ABCDE12345
            key_id: FGHIJ67890
            client_id: c
            private_key_file: secrets/apple.pem
        """

    private func folder() throws -> Folder {
        let folder = try Folder()
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: "conf/secrets"), withIntermediateDirectories: true)
        try folder.write("conf/secrets/google", "\(Self.secret)\n")
        try makeKey("conf/secrets/apple.pem", in: folder)
        try folder.write("conf/r.yaml", Self.upstreams)
        return folder
    }

    @Test("secrets and keys come from files beside the resource file; plans show everything else, and no secret")
    func files() async throws {
        let folder = try folder()
        #expect(try await RunningProgram.run(["migrate"], in: folder.url).code == 0)
        let plan = try await RunningProgram.run(["apply", "conf/r.yaml", "--plan"], in: folder.url)
        #expect(plan.code == 2, "\(plan.output)")
        for line in [
            "+ upstream apple", "    team_id: ABCDE12345", "    private_key: (secret)", "+ upstream google",
            "    client_secret: (secret)", "2 to change.",
        ] { #expect(plan.output.contains(line), "\(line) in \(plan.output)") }
        #expect(try await RunningProgram.run(["apply", "conf/r.yaml"], in: folder.url).code == 0)
        let again = try await RunningProgram.run(["apply", "conf/r.yaml", "--plan"], in: folder.url)
        #expect(again.code == 0 && again.output.contains("Nothing to change."))

        try folder.write("conf/secrets/google", "another-secret-for-google\n")
        try makeKey("conf/secrets/apple.pem", in: folder)
        let changed = try await RunningProgram.run(["apply", "conf/r.yaml", "--plan"], in: folder.url)
        #expect(changed.output.contains("~ upstream google (client_secret)"))
        #expect(changed.output.contains("~ upstream apple (private_key)"))
        #expect(changed.output.contains("    private_key: (secret, changed)"))
        let said = plan.output + again.output + changed.output
        for secret in [Self.secret, "another-secret", "PRIVATE KEY"] { #expect(!said.contains(secret)) }
    }

    @Test(
        "a mistake in a secret's file is reported once, with the line that names it, and without the secret",
        arguments: [
            ("google", nil, "conf/r.yaml:4: upstreams[0].client_secret_file: conf/secrets/google cannot be read"),
            (
                "google", "a\nb\n",
                "r.yaml:4: upstreams[0].client_secret_file: conf/secrets/google must contain the secret"
            ),
            ("apple.pem", nil, "r.yaml:9: upstreams[1].private_key_file: conf/secrets/apple.pem cannot be read"),
            ("apple.pem", "\n", "r.yaml:9: upstreams[1].private_key_file: conf/secrets/apple.pem is empty"),
            ("apple.pem", "the-wrong-secret", "r.yaml:9: upstreams[1].private_key: is not a private key for ES256"),
        ] as [(String, String?, String)])
    func mistakes(_ name: String, _ content: String?, _ expected: String) async throws {
        let folder = try folder()
        try FileManager.default.removeItem(at: folder.url.appending(path: "conf/secrets/\(name)"))
        if let content { try folder.write("conf/secrets/\(name)", content) }
        let (code, output) = try await RunningProgram.run(["check", "conf/r.yaml"], in: folder.url)
        #expect(code == 78)
        #expect(output.contains(expected), "\(output)")
        #expect(output.components(separatedBy: "error: ").count == 2, "\(output)")
        #expect(!output.contains("the-wrong-secret"))
    }

    @Test("a secret is in the file or in a file of its own, not in both, and of the kind that the upstream uses")
    func both() async throws {
        let folder = try folder()
        func reported(_ members: String) async throws -> String {
            try folder.write("conf/r.yaml", "upstreams:\n  - preset: google\n    client_id: c\n    \(members)\n")
            let (code, output) = try await RunningProgram.run(["check", "conf/r.yaml"], in: folder.url)
            #expect(code == 78)
            return output
        }
        #expect(
            try await reported("client_secret_file: secrets/google\n    client_secret: visible").contains(
                "r.yaml:4: upstreams[0].client_secret_file: cannot be combined with client_secret"))
        #expect(
            try await reported("private_key_file: secrets/apple.pem").contains(
                "r.yaml:4: upstreams[0].private_key: is not used with this token_endpoint_auth_method; remove it"))
    }

    @Test("the example in docs/configuration.md passes the strict check")
    func example() async throws {
        let docs = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/configuration.md")
        let text = try String(contentsOf: docs.standardizedFileURL, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n### Upstreams\n").dropFirst().first)
        let example = try #require(section.firstMatch(of: #/(?s)```yaml\n(.*?)```/#)?.1)
        let folder = try Folder()
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: "secrets"), withIntermediateDirectories: true)
        for name in ["google", "entra", "forge"] { try folder.write("secrets/\(name)", "secret-of-\(name)\n") }
        try makeKey("secrets/apple.pem", in: folder)
        try folder.write("resources.yaml", String(example))
        let (code, output) = try await RunningProgram.run(["check", "resources.yaml", "--strict"], in: folder.url)
        #expect(code == 0, "\(output)")
    }

    @Test("every member in the tables of docs/configuration.md is one")
    func members() async throws {
        let docs = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/configuration.md")
        let text = try String(contentsOf: docs.standardizedFileURL, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n### Upstreams\n").dropFirst().first)
        let tables = try #require(section.components(separatedBy: "**The assurance.**").first)
        let rows = tables.components(separatedBy: "| member |").dropFirst().joined()
        let names = rows.matches(of: #/\n\| (`[^|]*)\|/#).flatMap { row in
            row.output.1.matches(of: #/`([a-z_]+)`/#).map { String($0.output.1) }
        }
        #expect(names.count > 35)
        let folder = try Folder()
        let members = names.filter { !$0.hasSuffix("_file") }.map { "    \($0): null\n" }.joined()
        try folder.write("r.yaml", "upstreams:\n  - tenant: null\n\(members)")
        let (_, output) = try await RunningProgram.run(["check", "r.yaml"], in: folder.url)
        #expect(output.contains("upstreams[0].") && !output.contains("known member"), "\(output)")
    }
}
