import Foundation
import TestSupport
import Testing

/// The commands of a section of docs/operations.md, as an operator would copy them.
private func commands(of heading: String) throws -> [[String]] {
    let file = URL(filePath: #filePath).appending(path: "../../../docs/operations.md").standardizedFileURL
    let text = try String(contentsOf: file, encoding: .utf8)
    let section = try #require(text.components(separatedBy: "### \(heading)\n").dropFirst().first)
    let block = try #require(section.components(separatedBy: "```sh\n").dropFirst().first)
    return (block.components(separatedBy: "```").first ?? "").split(separator: "\n").map { line in
        line.split(separator: " ").dropFirst().map(String.init)
    }
}

@Suite("The key runbooks in docs/operations.md work as written")
struct KeyRunbookTests {
    private struct Installation {
        let folder: Folder
        let port: Int
        var issuer: String { "http://localhost:\(port)" }

        init() throws {
            folder = try Folder()
            port = try freePort()
            try folder.write("resources.yaml", MartletNodes.resources)
        }

        func start() async throws -> RunningServer {
            try await RunningServer(["--apply", "resources.yaml"], in: folder.url, port: port)
        }

        /// Runs the commands and returns their output.
        func follow(_ runbook: String, _ more: [String] = []) async throws -> String {
            let commands = try commands(of: runbook)
            #expect(!commands.isEmpty)
            var output = ""
            for command in commands {
                let extra = command.contains("replace-everything") ? more : []
                let result = try await RunningProgram.run(
                    command + extra + ["--issuer", issuer], in: folder.url)
                #expect(result.code == 0, "\(command): \(result.output)")
                output += result.output
            }
            return output
        }

        var masterKeys: [String] {
            get throws {
                try String(contentsOf: folder.url.appending(path: "var/master.key"), encoding: .utf8)
                    .split(separator: "\n").map(String.init)
            }
        }
    }

    private func signIn(_ browser: WebClient, secret: (String, String) = MartletNodes.secret) async throws -> String {
        let answer = try await browser.signIn(MartletNodes.query, username: "bob", password: MartletNodes.password)
        let code = try #require(answer.answer["code"])
        let tokens = try await browser.post("/token", MartletNodes.redemption(of: code), headers: [secret])
        return try #require(try json(tokens.body)["refresh_token"] as? String)
    }

    private func refresh(_ token: String, _ browser: WebClient, secret: (String, String) = MartletNodes.secret)
        async throws -> [String: Any]
    {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)]
        return try json(try await browser.post("/token", form, headers: [secret]).body)
    }

    @Test("the master key is rotated under a running server without interruption")
    func rotation() async throws {
        let installation = try Installation()
        let server = try await installation.start()
        let browser = WebClient(origin: installation.issuer)
        let token = try await signIn(browser)
        let before = try installation.masterKeys
        _ = try await installation.follow("Rotate the master key")
        let after = try installation.masterKeys
        #expect(before.count == 1 && after.count == 1 && before != after)
        let next = try #require(try await refresh(token, browser)["refresh_token"] as? String)
        try await server.stop()
        let again = try await installation.start()
        #expect(try await refresh(next, browser)["access_token"] != nil)
        let resealed = try await RunningProgram.run(
            ["key", "reseal", "--issuer", installation.issuer], in: installation.folder.url)
        #expect(resealed.code == 0 && resealed.output.contains("Resealed:"), "\(resealed.output)")
        try await again.stop()
        // The former key is useless.
        try installation.folder.write("former.key", before[0] + "\n")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: installation.folder.url.appending(path: "former.key").path())
        let refused = try await RunningProgram.run(
            ["key", "list", "--issuer", installation.issuer, "--master-key-file", "former.key"],
            in: installation.folder.url)
        #expect(refused.code != 0 && refused.output.contains("master key does not open"), "\(refused.output)")
    }

    @Test("after a compromise, every session, token and key is replaced and, on request, client secrets")
    func compromise() async throws {
        let installation = try Installation()
        let server = try await installation.start()
        let browser = WebClient(origin: installation.issuer)
        let token = try await signIn(browser)
        let keys = try await browser.get("/jwks").body
        let before = try installation.masterKeys
        try await server.stop()
        let output = try await installation.follow("After a compromise", ["--client-secrets"])
        #expect(try installation.masterKeys.count == 1)
        #expect(try installation.masterKeys != before)

        // Without the resource file, which would restore the client's former secret.
        let again = try await RunningServer(in: installation.folder.url, port: installation.port)
        let line = try #require(output.split(separator: "\n").first { $0.hasPrefix("web\t") })
        let fresh = String(line.split(separator: "\t")[1])
        let credentials = Data("web:\(fresh)".utf8).base64EncodedString()
        let secret = ("Authorization", "Basic \(credentials)")
        #expect(try await refresh(token, browser)["error"] as? String == "invalid_client")
        #expect(try await refresh(token, browser, secret: secret)["error"] as? String == "invalid_grant")
        #expect(try await browser.get("/jwks").body != keys)
        let next = try await signIn(browser, secret: secret)
        #expect(try await refresh(next, browser, secret: secret)["access_token"] != nil)
        try await again.stop()
    }

    @Test("concurrent rotations lose no key")
    func race() async throws {
        let installation = try Installation()
        try await installation.start().stop()
        let (folder, issuer) = (installation.folder.url, installation.issuer)
        let codes = try await TestSupport.race(4) { _ in
            try await RunningProgram.run(["key", "master", "rotate", "--issuer", issuer], in: folder).code
        }
        #expect(codes.contains(0))
        #expect(codes.allSatisfy { [0, 78].contains($0) })
        let list = try await RunningProgram.run(["key", "list", "--issuer", issuer], in: folder)
        #expect(list.code == 0 && list.output.contains("current"), "\(list.output)")
        #expect(try installation.masterKeys.count == 1)
    }

    @Test("adding a key changes nothing, and the rotation then uses it")
    func interrupted() async throws {
        let installation = try Installation()
        let server = try await installation.start()
        let browser = WebClient(origin: installation.issuer)
        let token = try await signIn(browser)
        func run(_ command: [String]) async throws -> Int32 {
            try await RunningProgram.run(command + ["--issuer", installation.issuer], in: installation.folder.url).code
        }
        #expect(try await run(["key", "master", "add"]) == 0)
        let added = try installation.masterKeys
        #expect(added.count == 2)
        let next = try #require(try await refresh(token, browser)["refresh_token"] as? String)
        try await server.stop()
        #expect(try await run(["key", "master", "rotate"]) == 0)
        #expect(try installation.masterKeys == [added[0]])
        let again = try await installation.start()
        #expect(try await refresh(next, browser)["access_token"] != nil)
        try await again.stop()
    }

    @Test("if an issuer exists only in the database, nothing is changed")
    func unconfigured() async throws {
        let installation = try Installation()
        try await installation.start().stop()
        let before = try installation.masterKeys
        for command in [["key", "master", "rotate"], ["key", "replace-everything", "--yes"]] {
            let refused = try await RunningProgram.run(
                command + ["--issuer", "http://localhost:1"], in: installation.folder.url)
            #expect(refused.code == 78 && refused.output.contains(installation.issuer), "\(refused.output)")
            #expect(try installation.masterKeys == before)
        }
    }

    @Test("without --yes, nothing happens")
    func consent() async throws {
        let installation = try Installation()
        try await installation.start().stop()
        let before = try installation.masterKeys
        let refused = try await RunningProgram.run(
            ["key", "replace-everything", "--issuer", installation.issuer], in: installation.folder.url)
        #expect(refused.code == 64 && refused.output.contains("--yes"))
        #expect(try installation.masterKeys == before)
    }
}
