import Foundation
import TestSupport
import Testing

@Suite("Upstreams in resource files: secrets in files of their own, plans, and the examples in the docs")
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
        let examples = try Self.examples(in: Self.configuration())
        let (code, output) = try await check(examples.joined())
        #expect(!examples.isEmpty && code == 0, "\(output)")
    }

    @Test("every recipe in docs/upstream.md passes the strict check, and each preset has one")
    func recipes() async throws {
        let examples = try Self.examples(in: Self.document("docs/upstream.md"))
        for preset in ["apple", "entra", "github", "gitlab", "google", "keycloak", "martlet"] {
            #expect(examples.contains { $0.contains("preset: \(preset)\n") }, "\(preset)")
        }
        for example in examples {
            // A recipe is an item of the list, and may grant a role that is defined elsewhere.
            let resources = example.hasPrefix("  - ") ? "upstreams:\n\(example)" : example
            let (code, output) = try await check("\(resources)roles: [{name: admin}]\n")
            #expect(code == 0, "\(output) in \(resources)")
        }
    }

    @Test("the tables of docs/configuration.md list every member of an upstream and of its assurance, and no other")
    func members() async throws {
        let parts = try Self.configuration().components(separatedBy: "**The assurance.**")
        // Wherever a member is read, its name is a literal. So all literals are tried.
        let names = try Self.literals(in: "Sources/IdentityProvider/Upstreams")
        func lines(_ names: Set<String>, _ indent: String) -> String {
            names.sorted().map { "\(indent)\"\($0)\": null\n" }.joined()
        }
        let folder = try Folder()
        try folder.write(
            "r.yaml",
            """
            upstreams:
              - preset: apple
            \(lines(names.subtracting(["preset", "assurance"]), "    "))    assurance:
            \(lines(names, "      "))
            """)
        let (_, output) = try await RunningProgram.run(["check", "r.yaml"], in: folder.url)
        func unknown(in object: String) -> Set<String> {
            Set(
                output.components(separatedBy: "\n").filter { $0.contains(": is not a known member") }
                    .compactMap { $0.firstMatch(of: #/upstreams\[0\]\.([a-z_.]+):/#).map { String($0.output.1) } }
                    .filter { $0.hasPrefix(object) }.map { String($0.dropFirst(object.count)) })
        }
        #expect(parts.count == 2)
        let documented = Self.members(in: parts[0])
        #expect(documented.filter { !$0.hasSuffix("_file") } == names.subtracting(unknown(in: "")), "\(output)")
        #expect(Self.members(in: parts[parts.count - 1]) == names.subtracting(unknown(in: "assurance.")), "\(output)")
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        .standardizedFileURL

    private static func document(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The section on upstreams.
    private static func configuration() throws -> String {
        let section = try document("docs/configuration.md").components(separatedBy: "\n### Upstreams\n").dropFirst()
            .first
        return try #require(section?.components(separatedBy: "\n## ").first)
    }

    private static func examples(in text: String) -> [String] {
        text.matches(of: #/(?s)```yaml\n(.*?)```/#).map { String($0.output.1) }
    }

    /// The names in the first columns of the tables of members.
    private static func members(in text: String) -> Set<String> {
        let rows = text.components(separatedBy: "| member |").dropFirst().joined()
        return Set(
            rows.matches(of: #/\n\| (`[^|]*)\|/#).flatMap { row in
                row.output.1.matches(of: #/`([a-z_]+)`/#).map { String($0.output.1) }
            })
    }

    /// The string literals in the Swift files of a folder that could be names of members.
    private static func literals(in folder: String) throws -> Set<String> {
        let files = try FileManager.default.contentsOfDirectory(
            at: root.appending(path: folder), includingPropertiesForKeys: nil)
        let sources = try files.filter { $0.pathExtension == "swift" }.map {
            try String(contentsOf: $0, encoding: .utf8)
        }
        return Set(sources.joined().matches(of: #/"([a-z_]+)"/#).map { String($0.output.1) })
    }

    /// Checks the resources strictly, with a secret or a key in each file that they name.
    private func check(_ resources: String) async throws -> (code: Int32, output: String) {
        let folder = try Folder()
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: "secrets"), withIntermediateDirectories: true)
        for file in resources.matches(of: #/(client_secret|private_key)_file: (\S+)/#) {
            let path = String(file.output.2)
            if file.output.1 == "private_key" {
                try makeKey(path, in: folder)
            } else {
                try folder.write(path, "the-secret-of-an-example-in-the-docs\n")
            }
        }
        try folder.write("resources.yaml", resources)
        return try await RunningProgram.run(["check", "resources.yaml", "--strict"], in: folder.url)
    }
}
