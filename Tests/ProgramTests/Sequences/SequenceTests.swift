import Authenticators
import Crypto
import Foundation
import JOSE
import TestSupport
import Testing

/// A program with one user and one application, which runs the flow of each page of docs/sequences.
private struct Visit {
    let server: RunningServer
    let client: WebClient
    /// Kept alive, because the log is removed with it.
    private let folder: Folder
    private static let verifier = String(repeating: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g", count: 2)
    private static let callback = "https://shop.example/callback"

    init(in folder: Folder, _ arguments: [String] = []) async throws {
        self.folder = folder
        try folder.write(
            "resources.yaml",
            """
            clients:
              - client_id: shop
                token_endpoint_auth_method: none
                redirect_uris: [\(Self.callback)]
                post_logout_redirect_uris: [https://shop.example/]
                grant_types: [authorization_code, refresh_token]
                scope: openid offline_access
            users:
              - username: alice
                password: down-the-rabbit-hole
                totp_secret: JBSWY3DPEHPK3PXP
              - username: carol
                password: a-mad-tea-party
                email: carol@example.org
              - username: dave
                password: a-looking-glass-house
            """)
        server = try await RunningServer(["--apply", "resources.yaml"] + arguments, in: folder.url)
        client = WebClient(origin: server.issuer)
    }

    private static let query =
        "response_type=code&client_id=shop&redirect_uri=https%3A%2F%2Fshop.example%2Fcallback&state=s"
        + "&scope=openid%20offline_access&code_challenge_method=S256&code_challenge="
        + Base64URL.encode(Array(SHA256.hash(data: Data(verifier.utf8))))

    /// The current code of alice's authenticator app.
    private func code() throws -> String {
        try TOTP(secret: #require(Base32.decode("JBSWY3DPEHPK3PXP"))).code(at: Date())
    }

    /// The flow from the application's request to its tokens.
    func signIn(_ flow: TracedFlow) async throws -> [String: Any] {
        var page = try await flow.follow(
            client, flow.request(.browser, "GET /authorize", client.get("/authorize?\(Self.query)")))
        for (label, fields) in [
            ("username and password", [("username", "alice"), ("password", "down-the-rabbit-hole")]),
            ("code from the authenticator app", [("code", try code())]), ("consent", [("decision", "allow")]),
        ] {
            let form = page.form
            let answer = try await client.post(form.action, form.fields + fields)
            page = try await flow.follow(client, flow.request(.browser, "POST \(form.action): \(label)", answer))
        }
        return try await token(
            flow, "code and code_verifier",
            [
                ("grant_type", "authorization_code"), ("code", try #require(page.answer["code"])),
                ("redirect_uri", Self.callback), ("code_verifier", Self.verifier),
            ])
    }

    func refresh(_ token: String, _ flow: TracedFlow) async throws -> [String: Any] {
        try await self.token(
            flow, "refresh token", [("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    private func token(_ flow: TracedFlow, _ label: String, _ form: [(String, String)]) async throws -> [String: Any] {
        let answer = try await client.post("/token", form + [("client_id", "shop")])
        #expect(answer.status == 200)
        return try json(flow.request(.application, "POST /token: \(label)", answer).body)
    }

    /// The application asks for username and password itself.
    func useAPI(_ flow: TracedFlow) async throws {
        func post(_ operation: String, _ label: String, _ members: [String: String], status: Int) async throws
            -> [String: Any]
        {
            let body = String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self)
            let path = "/api/auth/\(operation)"
            let answer = try await client.postJSON(path, body)
            #expect(answer.status == status, "\(answer.body)")
            _ = flow.request(.application, "POST \(path): \(label)", answer)
            return answer.body.isEmpty ? [:] : try json(answer.body)
        }
        let due = try await post(
            "login", "username and password", ["username": "alice", "password": "down-the-rabbit-hole"], status: 403)
        let tokens = try await post(
            "mfa", "ticket and code from the authenticator app",
            ["ticket": try #require(due["ticket"] as? String), "factor": "totp", "code": try code()], status: 200)
        let access = try #require(tokens["access_token"] as? String)
        let profile = try await client.get("/api/auth/self", headers: [("Authorization", "Bearer \(access)")])
        #expect(profile.status == 200)
        _ = flow.request(.application, "GET /api/auth/self: access token", profile)
        let refresh = try #require(tokens["refresh_token"] as? String)
        let next = try await post("refresh", "refresh token", ["refresh_token": refresh], status: 200)
        let last = try #require(next["refresh_token"] as? String)
        _ = try await post("logout", "refresh token", ["refresh_token": last], status: 204)
    }

    /// Carol, who is signed in, has forgotten her password.
    func reset(_ flow: TracedFlow, _ mail: SMTPServer) async throws {
        let signedIn = try await client.signIn(Self.query, username: "carol", password: "a-mad-tea-party")
        #expect(signedIn.status == 200)
        func submit(_ path: String, _ label: String, _ fields: [(String, String)]) async throws {
            let shown = path.prefix { $0 != "?" }
            let page = flow.request(.browser, "GET \(shown)", try await client.get(path))
            let answer = try await client.post(page.form.action, page.form.fields + fields)
            #expect(answer.status == 200)
            _ = flow.request(.browser, "POST \(shown): \(label)", answer)
        }
        try await submit("/forgot-password", "username", [("username", "carol")])
        flow.work("mail.send")
        let letter = try await mail.mail(to: "carol@example.org")
        flow.add(Message(.mail, .browser, "the link"))
        let link = try #require(letter.link)
        try await submit(
            String(link.dropFirst(server.issuer.count)), "new password", [("password", "the treacle well, deep")])
        flow.work("mail.send")
        _ = try await mail.mail(to: "carol@example.org", count: 2)
        flow.add(Message(.mail, .browser, "the password was changed"))
        let again = try await client.get("/authorize?\(Self.query)&prompt=none")
        #expect(again.answer["error"] == "login_required")
        _ = try await flow.follow(client, flow.request(.browser, "GET /authorize with prompt=none", again))
    }

    /// Dave is current, and the application lets the user choose. Carol does.
    func switchAccount(_ flow: TracedFlow) async throws {
        let first = try await client.signIn(Self.query, username: "carol", password: "a-mad-tea-party")
        #expect(first.status == 200)
        let chooser = try await client.follow(client.get("/account/switch")).form
        let signIn = try await client.follow(client.post(chooser.action, chooser.fields + [("other", "yes")])).form
        let dave = [("username", "dave"), ("password", "a-looking-glass-house")]
        #expect(try await client.follow(client.post(signIn.action, signIn.fields + dave)).status == 200)

        let request = try await client.get("/authorize?\(Self.query)&prompt=select_account")
        let page = try await flow.follow(
            client, flow.request(.browser, "GET /authorize with prompt=select_account", request))
        let accounts = page.body.matches(of: /name="account" value="([^"]*)"/).map { String($0.1) }
        #expect(accounts.count == 2)
        let form = page.form
        let chosen = try await client.post(form.action, form.fields + [("account", try #require(accounts.last))])
        let consent = try await flow.follow(client, flow.request(.browser, "POST \(form.action): account", chosen))
        let answer = try await client.post(consent.form.action, consent.form.fields + [("decision", "allow")])
        let last = try await flow.follow(
            client, flow.request(.browser, "POST \(consent.form.action): consent", answer))
        #expect(last.answer["code"] != nil)
    }

    func signOut(_ hint: String, _ flow: TracedFlow) async throws {
        let query = "id_token_hint=\(hint)&post_logout_redirect_uri=https%3A%2F%2Fshop.example%2F&state=bye"
        let answer = try await client.get("/logout?\(query)")
        _ = try await flow.follow(client, flow.request(.browser, "GET /logout with id_token_hint", answer))
    }
}

@Suite("The diagrams in docs/sequences match the program", .serialized)
struct SequenceTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../docs/sequences").standardizedFileURL
    private static let rewrites = ProcessInfo.processInfo.environment["MARTLET_WRITE_DIAGRAMS"] != nil

    static func compare(_ diagram: SequenceDiagram, _ name: String, title: String, text: String) throws {
        let file = Self.folder.appending(path: "\(name).md")
        if Self.rewrites { try Data(diagram.page(title: title, text: text).utf8).write(to: file) }
        let difference = try diagram.difference(from: String(contentsOf: file, encoding: .utf8))
        #expect(
            difference == nil,
            "docs/sequences/\(name).md: \(difference ?? ""): if the change is intended, run make diagrams")
    }

    private func finish(_ visit: Visit, _ flows: [TracedFlow]) async throws -> String {
        try await Self.finish(visit.server, flows)
    }

    /// Stops `server` and returns its log once it contains all flows.
    static func finish(_ server: RunningServer, _ flows: [TracedFlow]) async throws -> String {
        do {
            try await until("the log contains every request", seconds: 20) {
                flows.allSatisfy { $0.missing(in: server.program.output).isEmpty }
            }
        } catch { throw Unexpected("\(error): \(flows.flatMap { $0.missing(in: server.program.output) })") }
        let log = server.program.output
        try await server.stop()
        return log
    }

    @Test("the diagram of the first-party API with a second factor is up to date")
    func firstParty() async throws {
        let visit = try await Visit(in: Folder())
        let flow = TracedFlow()
        try await visit.useAPI(flow)
        let diagram = flow.diagram(try await finish(visit, [flow]))
        #expect(diagram.messages.contains(Message(.martlet, .application, "204", isAnswer: true)))
        try Self.compare(
            diagram, "first-party", title: "First-party API",
            text: "Your own application signs a user in with its own pages, refreshes the tokens, and signs out.")
    }

    @Test("the diagram of a password reset, which ends every session, is up to date")
    func passwordReset() async throws {
        let mail = try SMTPServer()
        let visit = try await Visit(
            in: Folder(),
            ["--mail-smtp", "smtp://127.0.0.1:\(mail.port)", "--mail-from", "no-reply@example.com"])
        let flow = TracedFlow()
        try await visit.reset(flow, mail)
        let diagram = flow.diagram(try await finish(visit, [flow]))
        #expect(diagram.messages.count { $0 == Message(.martlet, .mail, "smtp.send") } == 2)
        try Self.compare(
            diagram, "password-reset", title: "Password reset",
            text: "A user who forgot the password gets a link by email. The new password ends every session.")
    }

    @Test("the diagram of the account chooser is up to date")
    func accountChooser() async throws {
        let visit = try await Visit(in: Folder())
        let flow = TracedFlow()
        try await visit.switchAccount(flow)
        let diagram = flow.diagram(try await finish(visit, [flow]))
        #expect(!diagram.messages.contains(Message(.martlet, .martlet, "password.hash")))
        try Self.compare(
            diagram, "account-chooser", title: "Account chooser",
            text:
                "Two users are signed in in the browser. The application lets the user choose, and the one who isn't current goes on without a password."
        )
    }

    @Test("the diagrams of a sign-in with PKCE and a second factor, a refresh and a sign-out are up to date")
    func flows() async throws {
        let visit = try await Visit(in: Folder())
        let (signIn, refresh, signOut) = (TracedFlow(), TracedFlow(), TracedFlow())
        let tokens = try await visit.signIn(signIn)
        let refreshed = try await visit.refresh(try #require(tokens["refresh_token"] as? String), refresh)
        try await visit.signOut(try #require(refreshed["id_token"] as? String), signOut)
        let log = try await finish(visit, [signIn, refresh, signOut])
        let diagram = signIn.diagram(log)
        #expect(diagram.messages.count > 20)
        try Self.compare(
            diagram, "code-with-totp", title: "Authorization code with PKCE and a second factor",
            text: "A user signs in to an application for the first time: password, authenticator app, consent.")
        try Self.compare(
            refresh.diagram(log), "refresh", title: "Refresh",
            text: "The application exchanges its refresh token for new tokens. The old one can't be used again.")
        try Self.compare(
            signOut.diagram(log), "sign-out", title: "Sign-out",
            text:
                "The application redirects the browser to Martlet to end the session (OpenID Connect RP-Initiated Logout)."
        )
        let readme = Self.folder.appending(path: "../../README.md")
        let text = try String(contentsOf: readme, encoding: .utf8)
        if Self.rewrites { try Data(refresh.diagram(log).drawn(in: text).utf8).write(to: readme) }
        #expect(try refresh.diagram(log).difference(from: String(contentsOf: readme, encoding: .utf8)) == nil)
        // A page changed by hand is detected.
        let page = diagram.page(title: "t", text: "x")
        #expect(try diagram.difference(from: page) == nil)
        for (from, to) in [
            ("Browser->>Martlet: GET /authorize", "Browser->>Martlet: GET /authorise"),
            ("    Martlet->>Storage: sessions.begin\n", ""), ("```\n", "    Browser->>Storage: DROP TABLE\n```\n"),
        ] {
            let changed = page.replacing(from, with: to, maxReplacements: 1)
            #expect(changed != page)
            #expect(try diagram.difference(from: changed) != nil)
        }
        let slower = page.replacing(/Note over Martlet: [0-9.]+ ms/, with: "Note over Martlet: 99.0 ms")
        #expect(slower != page)
        #expect(try diagram.difference(from: slower) == nil)
    }

    @Test("every page of the folder is compared with a flow and listed in the index")
    func index() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path()).sorted()
        #expect(
            names == [
                "README.md", "account-chooser.md", "back-channel-logout.md", "code-with-totp.md", "device.md",
                "fapi2.md", "first-party.md", "password-reset.md", "refresh.md",
                "sign-out.md",
                "upstream-first-sign-in.md", "upstream-linking.md", "upstream-sign-out.md", "upstream-step-up.md",
            ])
        let index = try String(contentsOf: Self.folder.appending(path: "README.md"), encoding: .utf8)
        for name in names where name != "README.md" { #expect(index.contains("(\(name))")) }
    }
}
