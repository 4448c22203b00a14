import Authenticators
import Foundation
import JOSE
import Synchronization
import TestSupport
import Testing

/// Tokens held by clients.
final class Answered: Sendable {
    private let tokens = Mutex<[String]>([])
    /// Whether the server was told to die, after which connections may break.
    let isDying = Atomic(false)
    func add(_ token: String) { tokens.withLock { $0.append(token) } }
    var all: [String] { tokens.withLock { $0 } }
}

@Suite("The running server", .serialized)
struct ServeTests {
    /// The documented configuration and resource file, with the blanks filled in.
    private static let resources = """
        clients:
          - client_id: web
            client_secret: 5CFNd0OMGyV3uhDA3GPSHw
            client_name: Web shop
            redirect_uris: [https://shop.example/callback]
            post_logout_redirect_uris: [https://shop.example/]
            grant_types: [authorization_code, refresh_token, client_credentials]
            token_endpoint_auth_method: client_secret_basic
            scope: openid profile email offline_access orders.read
            id_token_signed_response_alg: ES256
            consent: skip                          # our own: people are not asked
        users:
          - username: alice
            password: correct horse battery
            totp_secret: JBSWY3DPEHPK3PXP
            name: Alice Liddell
            email: alice@example.com
            email_verified: true
            roles: [admin]
          - username: bob
            password: correct horse battery
        roles:
          - name: admin
            permissions: [users:write, clients:write]
        resource_servers:
          - identifier: https://api.example.com
            scopes: [orders.read, orders.write]
            access_token: jwt
            access_token_lifetime: 600
        """
    private static let query =
        "response_type=code&client_id=web&redirect_uri=https%3A%2F%2Fshop.example%2Fcallback"
        + "&scope=openid%20offline_access&state=s&nonce=n"

    private func redeem(_ client: WebClient, _ code: String) async throws -> WebClient.Answer {
        try await client.post(
            "/token",
            [
                ("grant_type", "authorization_code"), ("code", code),
                ("redirect_uri", "https://shop.example/callback"),
            ], headers: [basic("web", "5CFNd0OMGyV3uhDA3GPSHw")])
    }

    @Test("the documented files work, with a second factor, over real sockets, and no secret is logged")
    func documented() async throws {
        let folder = try Folder()
        let port = try freePort()
        try folder.write("resources.yaml", Self.resources)
        try folder.write(
            "martlet.yaml",
            """
            issuer: http://localhost:\(port)
            listen: 127.0.0.1:\(port)
            storage: sqlite:var/martlet.db
            master_key_file: var/master.key
            trusted_proxies: [10.0.0.0/8]
            mail: { smtp: smtp://localhost:25, from: no-reply@example.com }
            telemetry: { otlp: http://localhost:4318, log: json }
            """)
        let server = try await RunningServer(
            ["--config", "martlet.yaml", "--apply", "resources.yaml"], in: folder.url, port: port)
        let client = WebClient(origin: server.issuer)
        let page = try await client.signIn(Self.query, username: "alice", password: "correct horse battery")
        #expect(page.body.contains("authenticator app"))
        let code = try TOTP(secret: #require(Base32.decode("JBSWY3DPEHPK3PXP"))).code(at: Date())
        let form = page.form
        let answer = try await client.follow(client.post(form.action, form.fields + [("code", code)]))
        #expect(answer.answer["state"] == "s")
        let authorizationCode = try #require(answer.answer["code"])
        let tokens = try json(await redeem(client, authorizationCode).body)
        let accessToken = try #require(tokens["access_token"] as? String)

        // The ID Token verifies with the published keys.
        let keys = try JWKSet(JSONObject(parsing: Array(try await client.get("/jwks").body.utf8)))
        let idToken = try JWT(
            validating: #require(tokens["id_token"] as? String), with: keys,
            rules: JWTRules(algorithms: [.es256], issuer: server.issuer, audiences: ["web"]), at: Date())
        #expect(idToken.claims["amr"] == ["pwd", "otp", "mfa"])

        let userInfo = try await client.get("/userinfo", headers: [("Authorization", "Bearer \(accessToken)")])
        #expect(try json(userInfo.body)["sub"] as? String == idToken.claims["sub"]?.string)
        let secret = basic("web", "5CFNd0OMGyV3uhDA3GPSHw")
        let seen = try await client.post("/introspect", [("token", accessToken)], headers: [secret])
        #expect(try json(seen.body)["active"] as? Bool == true)
        let refreshToken = try #require(tokens["refresh_token"] as? String)
        let refreshed = try await client.post(
            "/token", [("grant_type", "refresh_token"), ("refresh_token", refreshToken)], headers: [secret])
        #expect(refreshed.status == 200)
        #expect(try await client.post("/revoke", [("token", refreshToken)], headers: [secret]).status == 200)
        let revoked = try await client.post("/introspect", [("token", accessToken)], headers: [secret])
        #expect(try json(revoked.body)["active"] as? Bool == false)
        let hint = try #require(tokens["id_token"] as? String)
        let out = try await client.get(
            "/logout?id_token_hint=\(hint)&post_logout_redirect_uri=https%3A%2F%2Fshop.example%2F&state=bye")
        #expect(out.header("location") == "https://shop.example/?state=bye")

        try await server.stop()
        let log = server.program.output
        #expect(log.contains("signed in"))
        for secret in [
            "correct horse battery", "5CFNd0OMGyV3uhDA3GPSHw", authorizationCode, accessToken, refreshToken, hint, code,
            form.fields.first { $0.0 == "interaction" }?.1, form.fields.first { $0.0 == "form_token" }?.1,
        ] {
            #expect(!log.contains(try #require(secret)))
        }
        for line in log.split(separator: "\n") { _ = try json(String(line)) }
    }

    @Test("a server killed during sign-ins loses nothing that it acknowledged")
    func kill() async throws {
        let folder = try Folder()
        try folder.write("resources.yaml", Self.resources)
        let arguments = ["--apply", "resources.yaml", "--trusted-proxies", "127.0.0.1/32"]
        let server = try await RunningServer(arguments, in: folder.url)
        let answered = Answered()
        try await withThrowingTaskGroup { group in
            for worker in 0..<8 {
                group.addTask {
                    for turn in 0..<125 {
                        let client = WebClient(origin: server.issuer, forwardedFor: "10.0.\(worker).\(turn)")
                        do {
                            let answer = try await client.signIn(
                                Self.query, username: "bob", password: "correct horse battery")
                            let tokens = try await redeem(client, answer.answer["code"] ?? "")
                            let token = try json(tokens.body)["access_token"] as? String
                            if tokens.status == 200, let token { answered.add(token) }
                        } catch {
                            if answered.isDying.load(ordering: .acquiring) { return }
                            throw error
                        }
                    }
                }
            }
            group.addTask {
                try await until("half of them were answered", seconds: 400) { answered.all.count >= 500 }
                answered.isDying.store(true, ordering: .releasing)
                server.program.signal(SIGKILL)
            }
            try await group.waitForAll()
        }
        let tokens = answered.all
        #expect(tokens.count >= 500)
        #expect(tokens.count < 1_000)
        let again = try await RunningServer(arguments, in: folder.url, port: server.port)
        let client = WebClient(origin: again.issuer)
        var active = 0
        for token in tokens {
            let seen = try await client.post(
                "/introspect", [("token", token)], headers: [basic("web", "5CFNd0OMGyV3uhDA3GPSHw")])
            if try json(seen.body)["active"] as? Bool == true { active += 1 }
        }
        #expect(active == tokens.count)
        try await again.stop()
    }

    @Test("a client disabled by a command is soon refused, and new keys are published")
    func otherProcess() async throws {
        let folder = try Folder()
        try folder.write("resources.yaml", Self.resources)
        let server = try await RunningServer(["--apply", "resources.yaml"], in: folder.url)
        let client = WebClient(origin: server.issuer)
        let secret = basic("web", "5CFNd0OMGyV3uhDA3GPSHw")
        let form = [("grant_type", "client_credentials")]
        #expect(try await client.post("/token", form, headers: [secret]).status == 200)
        let issuer = ["--issuer", server.issuer]
        #expect(try await RunningProgram.run(["client", "disable", "web"] + issuer, in: folder.url).code == 0)
        try await until("the client is refused", seconds: 10) {
            try await client.post("/token", form, headers: [secret]).status == 401
        }
        let keys = try await client.get("/jwks").body
        #expect(try await RunningProgram.run(["key", "rotate", "--now"] + issuer, in: folder.url).code == 0)
        try await until("the new keys are served") { try await client.get("/jwks").body != keys }
        try await server.stop()
    }

    @Test("a file that gives roles to an account with another password is applied with a warning")
    func rolesOfOtherAccount() async throws {
        let folder = try Folder()
        try folder.write("alice.yaml", "users: [{username: alice, password: the password of somebody else}]")
        try folder.write("resources.yaml", Self.resources)
        let warning = "user alice has a different password than the file"
        for (file, warns) in [("alice.yaml", false), ("resources.yaml", true), ("resources.yaml", false)] {
            let server = try await RunningServer(
                ["--apply", file], in: folder.url, issuer: "http://localhost:8080")
            try await server.stop()
            #expect(server.program.output.contains(warning) == warns, "\(server.program.output)")
        }
    }

    @Test("with several issuers in one process, each responds below its own path")
    func issuers() async throws {
        let folder = try Folder()
        let port = try freePort()
        let server = try await RunningServer(
            ["--additional-issuers", "http://localhost:\(port)/tenant"], in: folder.url, port: port)
        let client = WebClient(origin: server.issuer)
        let first = try json(await client.get("/.well-known/openid-configuration").body)
        let second = try json(await client.get("/tenant/.well-known/openid-configuration").body)
        #expect(first["issuer"] as? String == server.issuer)
        #expect(second["issuer"] as? String == server.issuer + "/tenant")
        #expect(second["token_endpoint"] as? String == server.issuer + "/tenant/token")
        let inserted = try json(await client.get("/.well-known/oauth-authorization-server/tenant").body)
        #expect(inserted["issuer"] as? String == server.issuer + "/tenant")
        #expect(try await client.get("/jwks").body != client.get("/tenant/jwks").body)
        try await server.stop()
    }
}
