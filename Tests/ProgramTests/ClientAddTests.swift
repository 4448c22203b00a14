import Foundation
import TestSupport
import Testing

@Suite("martlet client add")
struct ClientAddTests {
    private func run(_ arguments: [String], in folder: Folder) async throws -> (code: Int32, output: String) {
        try await RunningProgram.run(["client"] + arguments, in: folder.url)
    }

    @Test("a new client gets tokens with the secret that was shown once")
    func secret() async throws {
        let folder = try Folder()
        let port = try freePort()
        let issuer = ["--issuer", "http://localhost:\(port)"]
        #expect(try await RunningProgram.run(["migrate"] + issuer, in: folder.url).code == 0)
        let added = try await RunningProgram.separated(
            ["client", "add", "--grant-type", "client_credentials", "--client-name", "Nightly", "--output", "json"]
                + issuer, in: folder.url)
        #expect(added.code == 0, "\(added.errors)")
        let object = try json(added.result)
        let (id, secret) = (
            try #require(object["client_id"] as? String), try #require(object["client_secret"] as? String)
        )
        // Unreserved characters survive clients that don't encode their credentials (RFC 6749 §2.3.1).
        #expect(secret.wholeMatch(of: /[A-Za-z0-9_~.-]{43}/) != nil)
        let shown = try await run(["show", id] + issuer, in: folder)
        #expect(shown.output.contains("Nightly"))
        #expect(!shown.output.contains(secret))
        let server = try await RunningServer(in: folder.url, port: port)
        let answer = try await WebClient(origin: server.issuer).post(
            "/token", [("grant_type", "client_credentials")], headers: [basic(id, secret)])
        #expect(answer.status == 200, "\(answer.body)")
        try await server.stop()
        let audit = try await RunningProgram.run(["audit", "--client", id] + issuer, in: folder.url)
        #expect(audit.output.contains("resource_changed"))
        #expect(!audit.output.contains(secret))
    }

    @Test("a public client has no secret, and mistakes name the member")
    func kinds() async throws {
        let folder = try Folder()
        #expect(try await RunningProgram.run(["migrate"], in: folder.url).code == 0)
        let app = try await run(["add", "app", "--public", "--redirect-uri", "https://app.example/"], in: folder)
        #expect(app.code == 0, "\(app.output)")
        #expect(app.output.hasSuffix("client_id  app\n"))
        let again = try await run(["add", "app", "--public", "--redirect-uri", "https://app.example/"], in: folder)
        #expect(again.code == 78)
        #expect(again.output.contains("already exists"))
        for (arguments, mistake) in [
            ([], "redirect_uris: is required"), (["--redirect-uri", "https://*.example/"], "redirect_uris[0]"),
            (["--grant-type", "password"], "grant_types[0]"),
            (["--public", "--grant-type", "client_credentials"], "grant_types: client_credentials requires"),
            (
                ["--grant-type", "client_credentials", "--token-endpoint-auth-method", "x"],
                "token_endpoint_auth_method"
            ),
        ] {
            let refused = try await run(["add"] + arguments, in: folder)
            #expect(refused.code == 78)
            #expect(refused.output.contains(mistake), "\(refused.output)")
        }
        let both = try await run(["add", "--public", "--token-endpoint-auth-method", "none"], in: folder)
        #expect(both.code == 64)
        #expect(try await run(["show", "nothing"], in: folder).code == 78)
    }

    @Test("of concurrent additions of one client, one succeeds and its secret is the one that works")
    func race() async throws {
        let folder = try Folder()
        #expect(try await RunningProgram.run(["migrate"], in: folder.url).code == 0)
        let runs = try await TestSupport.race(5) { _ in
            try await run(["add", "svc", "--grant-type", "client_credentials"], in: folder)
        }
        #expect(runs.map(\.code).sorted() == [0, 78, 78, 78, 78])
        #expect(runs.count { $0.output.contains("client_secret  ") } == 1)
    }
}
