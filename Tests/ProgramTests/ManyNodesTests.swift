import Foundation
import TestSupport
import Testing

@Suite("Several nodes on one database", .serialized)
struct ManyNodesTests {
    /// Three programs on one MariaDB database, which is empty at first.
    private func threeNodes() async throws -> MartletNodes {
        let url = try MariaDBServer.shared.get().url("nodes_\(UUID().uuidString.prefix(8))")
        return try await MartletNodes(storage: [url, url, url])
    }

    @Test("a sign-in begins on one node, continues on another and ends on a third, like everything after it")
    func signIn() async throws {
        let nodes = try await threeNodes()
        let (first, second, third) = (nodes.servers[0], nodes.servers[1], nodes.servers[2])
        let browser = nodes.browser()
        let page = try await browser.follow(browser.get("/authorize?\(MartletNodes.query)"))
        let form = page.form
        let signedIn = try await browser.on(second).post(
            form.action, form.fields + [("username", "bob"), ("password", MartletNodes.password)])
        let answer = try await browser.on(third).follow(signedIn)
        let code = try #require(answer.answer["code"])
        let tokens = try json(try await nodes.redeem(code, on: browser.on(first)).body)
        let (access, refresh) = (
            try #require(tokens["access_token"] as? String), try #require(tokens["refresh_token"] as? String)
        )
        let info = try await browser.on(second).get("/userinfo", headers: [("Authorization", "Bearer \(access)")])
        #expect(info.status == 200)
        let secret = MartletNodes.secret
        let form2 = [("grant_type", "refresh_token"), ("refresh_token", refresh)]
        #expect(try await browser.on(third).post("/token", form2, headers: [secret]).status == 200)
        // A retry on another node gets the same successor.
        #expect(try await browser.on(second).post("/token", form2, headers: [secret]).status == 200)
        #expect(try await nodes.isActive(access, on: browser.on(second)))
        _ = try await browser.on(first).post("/revoke", [("token", refresh)], headers: [secret])
        #expect(try await !nodes.isActive(access, on: browser.on(third)))
        #expect(try await browser.on(second).post("/token", form2, headers: [secret]).status == 400)
        try await nodes.stop()
    }

    @Test("nodes that start at once create one schema and one set of keys")
    func start() async throws {
        let nodes = try await threeNodes()
        let sets = try await race(3) { number in
            try await nodes.browser().on(nodes.servers[number]).get("/jwks").body
        }
        #expect(Set(sets).count == 1)
        let keys = try await nodes.command(["key", "list"])
        #expect(keys.output.matches(of: /\n[ER]S256 +current/).count == 2, "\(keys.output)")
        #expect(keys.output.contains(/\nES256 +current/))
        #expect(keys.output.contains(/\nRS256 +current/))
        try await nodes.stop()
    }

    @Test("of concurrent redemptions of a code on all nodes, one succeeds")
    func code() async throws {
        let nodes = try await threeNodes()
        for _ in 0..<10 {
            let browser = nodes.browser()
            let answer = try await browser.signIn(MartletNodes.query, username: "bob", password: MartletNodes.password)
            let code = try #require(answer.answer["code"])
            let statuses = try await race(12) { number in
                try await nodes.redeem(code, on: browser.on(nodes.servers[number % 3])).status
            }
            #expect(statuses.count { $0 == 200 } == 1)
            #expect(statuses.count { $0 == 400 } == 11)
        }
        try await nodes.stop()
    }

    @Test("a client disabled through one node is refused by all")
    func disabled() async throws {
        let nodes = try await threeNodes()
        let ask: (RunningServer) async throws -> Int = { server in
            try await nodes.browser().on(server).post(
                "/token", [("grant_type", "client_credentials")], headers: [MartletNodes.secret]
            ).status
        }
        for server in nodes.servers { #expect(try await ask(server) == 200) }
        #expect(try await nodes.command(["client", "disable", "web"]).code == 0)
        for server in nodes.servers {
            try await until("it is refused", seconds: 5) { try await ask(server) == 401 }
        }
        try await nodes.stop()
    }

    @Test("a killed node loses nothing that it acknowledged")
    func killed() async throws {
        let nodes = try await threeNodes()
        let answered = Answered()
        try await withThrowingTaskGroup { group in
            for worker in 0..<6 {
                group.addTask {
                    for _ in 0..<50 {
                        let server = nodes.servers[worker % 3]
                        let browser = nodes.browser().on(server)
                        do {
                            let answer = try await browser.signIn(
                                MartletNodes.query, username: "bob", password: MartletNodes.password)
                            let tokens = try await nodes.redeem(answer.answer["code"] ?? "", on: browser)
                            if tokens.status == 200, let token = try json(tokens.body)["access_token"] as? String {
                                answered.add(token)
                            }
                        } catch {
                            if worker % 3 == 0 { return }
                            throw error
                        }
                    }
                }
            }
            group.addTask {
                try await until("half of them were answered", seconds: 300) { answered.all.count >= 120 }
                nodes.servers[0].program.signal(SIGKILL)
            }
            try await group.waitForAll()
        }
        let tokens = answered.all
        #expect(tokens.count >= 200)
        #expect(tokens.count < 300)
        let client = nodes.browser().on(nodes.servers[1])
        for token in tokens { #expect(try await nodes.isActive(token, on: client)) }
        try await nodes.stop()
    }

    private static let storageArguments = ["--storage-file", "storage", "--master-key-file", "var.key"]

    @Test("a node waits for a late database server and survives its loss")
    func database() async throws {
        let database = try MariaDBServer()
        let folder = try Folder()
        try folder.write("storage", database.url("late"))
        try folder.write(
            "resources.yaml",
            "clients: [{client_id: web, client_secret: 5CFNd0OMGyV3uhDA3GPSHwAtvLqyt1, "
                + "grant_types: [client_credentials], scope: openid}]")
        _ = try await RunningProgram.run(["key", "master", "var.key"], in: folder.url)
        try database.stop()
        let port = try freePort()
        let program = try RunningProgram(
            [
                "serve", "--issuer", "http://localhost:\(port)", "--listen", "127.0.0.1:\(port)", "--apply",
                "resources.yaml",
            ] + Self.storageArguments, in: folder.url)
        let client = WebClient(origin: "http://localhost:\(port)")
        try await until("it lives") { (try? await client.get("/health/live").status) == 200 }
        let ready = try await client.get("/health/ready")
        #expect(ready.status == 503)
        #expect(ready.header("retry-after") == "2")
        #expect(try await client.get("/jwks").status == 503)
        #expect(program.output.contains("cannot be reached"))
        try database.start()
        try await until("it is ready") { try await client.get("/health/ready").status == 200 }
        let token: () async throws -> WebClient.Answer = {
            try await client.post(
                "/token", [("grant_type", "client_credentials")],
                headers: [basic("web", "5CFNd0OMGyV3uhDA3GPSHwAtvLqyt1")])
        }
        #expect(try await token().status == 200)
        try database.kill()
        try await until("it says so") { try await client.get("/health/ready").status == 503 }
        // Requests that need no database still work.
        #expect(try await token().status == 200)
        let lost = try await client.post(
            "/introspect", [("token", "x")], headers: [basic("web", "5CFNd0OMGyV3uhDA3GPSHwAtvLqyt1")])
        #expect([200, 503].contains(lost.status))
        let page = try await client.get("/authorize?client_id=unknown")
        #expect(page.status == 503)
        #expect(page.header("retry-after") == "2")
        try database.start()
        try await until("it is ready again") { try await client.get("/health/ready").status == 200 }
        program.signal(SIGTERM)
        #expect(try await program.wait() == 0)
        #expect(!program.output.contains("wing"))
        try database.stop()
    }

    @Test("without a master key, or with a newer schema, a node says what to do")
    func refusals() async throws {
        let folder = try Folder()
        let server = try MariaDBServer.shared.get()
        let name = "refusals_\(UUID().uuidString.prefix(8))"
        try folder.write("storage", server.url(name))
        let missing = try await RunningProgram.run(["serve"] + Self.storageArguments, in: folder.url)
        #expect(missing.code == 78)
        #expect(missing.output.contains("martlet key master"))
        _ = try await RunningProgram.run(["key", "master", "var.key"], in: folder.url)
        #expect(try await RunningProgram.run(["key", "master", "var.key"], in: folder.url).code == 78)
        #expect(try await RunningProgram.run(["migrate"] + Self.storageArguments, in: folder.url).code == 0)
        try server.run("INSERT INTO `\(name)`.schema_migrations VALUES (9000, 'later', 'x', 0)")
        let newer = try await RunningProgram.run(["serve"] + Self.storageArguments, in: folder.url)
        #expect(newer.code == 69)
        #expect(newer.output.contains("9000"))
        try folder.write("storage", "mariadb://martlet:sesame@127.0.0.1:\(server.port)/\(name)")
        let denied = try await RunningProgram.run(["serve"] + Self.storageArguments, in: folder.url)
        #expect(denied.code == 69)
        #expect(!denied.output.contains("sesame"))
        try server.drop(name)
    }
}
