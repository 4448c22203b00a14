import Foundation
import TestSupport
import Testing

@Suite("martlet export and martlet import")
struct TransferCommandTests {
    private func refresh(_ token: String, _ client: WebClient) async throws -> [String: Any] {
        let answer = try await client.post(
            "/token", [("grant_type", "refresh_token"), ("refresh_token", token)],
            headers: [MartletNodes.secret])
        return try json(answer.body)
    }

    @Test(
        "moving from SQLite to MariaDB and back keeps users signed in, tokens valid and keys unchanged")
    func move() async throws {
        let folder = try Folder()
        let port = try freePort()
        let issuer = "http://localhost:\(port)"
        try folder.write("resources.yaml", MartletNodes.resources)
        let server = try MariaDBServer.shared.get()
        try folder.write("storage", server.url("moved"))
        let mariaDB = ["--issuer", issuer, "--storage-file", "storage"]
        let embedded = ["--issuer", issuer]

        let first = try await RunningServer(["--apply", "resources.yaml"], in: folder.url, port: port)
        let browser = WebClient(origin: issuer)
        let answer = try await browser.signIn(MartletNodes.query, username: "bob", password: MartletNodes.password)
        let code = try #require(answer.answer["code"])
        let tokens = try await browser.post(
            "/token", MartletNodes.redemption(of: code), headers: [MartletNodes.secret])
        let token = try #require(try json(tokens.body)["refresh_token"] as? String)
        let keys = try await browser.get("/jwks").body
        try await first.stop()

        let run: ([String]) async throws -> (code: Int32, output: String) = { arguments in
            try await RunningProgram.run(arguments, in: folder.url)
        }
        #expect(try await run(["export", "all.jsonl"] + embedded).code == 0)
        #expect(try await run(["export", "all.jsonl"] + embedded).code == 78)
        let mode = try FileManager.default.attributesOfItem(atPath: folder.url.appending(path: "all.jsonl").path())
        #expect((mode[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        let content = try String(contentsOf: folder.url.appending(path: "all.jsonl"), encoding: .utf8)
        #expect(!content.contains(MartletNodes.clientSecret))
        #expect(!content.contains("\"d\":"))
        let recorded = try await run(["audit", "--event", "exported"] + embedded).output
        #expect(recorded.split(separator: "\n").count { $0.contains("  command line ") } == 1, "\(recorded)")
        let rows = content.split(separator: "\n").count - 2
        #expect(recorded.contains(#"what=everything records=\#(rows)"#))

        try folder.write("cut.jsonl", String(content.dropLast(40)))
        let cut = try await run(["import", "cut.jsonl"] + mariaDB)
        #expect(cut.code == 65)
        #expect(cut.output.contains("Nothing was changed"))
        _ = try await run(["key", "master", "other.key"])
        #expect(try await run(["import", "all.jsonl", "--master-key-file", "other.key"] + mariaDB).code == 65)
        #expect(try await run(["import", "all.jsonl"] + mariaDB).code == 0)
        #expect(try await run(["import", "all.jsonl"] + mariaDB).code == 65)

        let second = try await RunningServer(["--storage-file", "storage"], in: folder.url, port: port)
        #expect(try await browser.get("/jwks").body == keys)
        let refreshed = try #require(try await refresh(token, browser)["refresh_token"] as? String)
        // Still signed in: a code is issued without a password.
        #expect(try await browser.get("/authorize?\(MartletNodes.query)").answer["code"] != nil)
        try await second.stop()

        #expect(try await run(["export", "back.jsonl"] + mariaDB).code == 0)
        let third = ["--storage", "sqlite:var/again.db"]
        #expect(try await run(["import", "back.jsonl"] + embedded + third).code == 0)
        let last = try await RunningServer(third, in: folder.url, port: port)
        #expect(try await browser.get("/jwks").body == keys)
        #expect(try await refresh(refreshed, browser)["refresh_token"] != nil)
        #expect(try await browser.get("/authorize?\(MartletNodes.query)").answer["code"] != nil)
        try await last.stop()
        try server.drop("moved")
    }
}
