import Foundation
import TestSupport
import Testing

@Suite("Email from the program to a real mail server", .serialized, .timeLimit(.minutes(5)))
struct MailTests {
    private static let resources = """
        users:
          - {username: alice, password: correct horse battery, email: alice@example.org, locale: de}
        clients:
          - {client_id: own, token_endpoint_auth_method: none, consent: skip, redirect_uris: ["http://localhost/cb"]}
        """
    private static let query = """
        response_type=code&client_id=own&redirect_uri=http%3A%2F%2Flocalhost%2Fcb&scope=openid&state=s&code_challenge=\
        E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256
        """

    private func serve(_ folder: Folder, _ mail: SMTPServer, signUp: String = "open") async throws -> RunningServer {
        try folder.write("resources.yaml", Self.resources)
        return try await RunningServer(
            [
                "--apply", "resources.yaml", "--mail-smtp", "smtp://127.0.0.1:\(mail.port)", "--mail-from",
                "Front Door <no-reply@example.com>", "--name", "Front Door", "--sign-up", signUp,
            ], in: folder.url)
    }

    private func path(_ link: String?, _ server: RunningServer) throws -> String {
        let link = try #require(link)
        #expect(link.hasPrefix(server.issuer + "/"))
        return String(link.dropFirst(server.issuer.count))
    }

    private func submit(_ client: WebClient, _ path: String, _ fields: [(String, String)]) async throws
        -> WebClient.Answer
    {
        let form = try await client.get(path).form
        return try await client.post(form.action, form.fields + fields)
    }

    @Test("one user signs up in English and resets the password; another gets German emails")
    func flows() async throws {
        let (folder, mail) = (try Folder(), try SMTPServer())
        let server = try await serve(folder, mail)
        let client = WebClient(origin: server.issuer, port: server.port)
        // Whatever the Host header says, the link names the issuer.
        _ = try await submit(client, "/sign-up", [("email", "dora@example.org")])
        let first = try await mail.mail(to: "dora@example.org")
        #expect(first.header("Subject") == "Create your account")
        #expect(first.header("From") == "Front Door <no-reply@example.com>")
        #expect(first.part(1).contains("Front Door"))
        #expect(first.part(1).contains("href=\"\(server.issuer)/sign-up/finish?link="))
        let made = try await submit(
            client, path(first.link, server), [("name", "Dora"), ("password", "a dormouse in a teapot")])
        #expect(made.body.contains("<h1>Welcome"))
        _ = try await submit(client, "/forgot-password", [("username", "dora@example.org")])
        let second = try await mail.mail(to: "dora@example.org", count: 2)
        let reset = try await submit(client, path(second.link, server), [("password", "the treacle well, deep")])
        #expect(reset.body.contains("<h1>Your password is set"))
        let answer = try await client.signIn(
            Self.query, username: "dora@example.org", password: "the treacle well, deep")
        #expect(answer.answer["code"] != nil)
        _ = try await submit(client, "/forgot-password", [("username", "alice")])
        let german = try await mail.mail(to: "alice@example.org")
        #expect(german.part(0).contains("gilt einmal"))
        #expect(german.part(1).contains("<html lang=\"de\">"))
        #expect(!server.program.output.contains("link="))
        try await server.stop()
    }

    @Test("an unavailable mail server gets the email once it is back, and the user doesn't wait")
    func away() async throws {
        let (folder, mail) = (try Folder(), try SMTPServer())
        mail.stop()
        let server = try await serve(folder, mail)
        let client = WebClient(origin: server.issuer, port: server.port)
        let asked = try await submit(client, "/forgot-password", [("username", "alice")])
        #expect(asked.status == 200)
        try await until("the server noticed") { server.program.output.contains("email not sent yet") }
        #expect(!server.program.output.contains("alice@example.org"))
        try mail.start()
        _ = try await mail.mail(to: "alice@example.org")
        try await server.stop()
    }

    @Test("an invitation is printed or sent, and allows sign-up where it is not open")
    func invitation() async throws {
        let (folder, mail) = (try Folder(), try SMTPServer())
        let server = try await serve(folder, mail, signUp: "invitation")
        let client = WebClient(origin: server.issuer, port: server.port)
        #expect(try await client.get("/sign-up").status == 404)
        let settings = [
            "--issuer", server.issuer, "--sign-up", "invitation", "--mail-smtp", "smtp://127.0.0.1:\(mail.port)",
            "--mail-from", "no-reply@example.com",
        ]
        func invite(_ arguments: [String]) async throws -> (code: Int32, output: String) {
            try await RunningProgram.run(["user", "invite"] + arguments + settings, in: folder.url)
        }
        let printed = try await invite(["bill@example.org"])
        let link = printed.output.split(separator: "\n").last.map(String.init)
        let made = try await submit(client, path(link, server), [("password", "a lizard in the chimney")])
        #expect(made.body.contains("<h1>Welcome"))
        #expect(try await invite(["bill@example.org"]).code == 78)
        #expect(try await invite(["no address"]).code == 78)
        #expect(try await invite(["--mail", "pat@example.org"]).code == 0)
        #expect(try await mail.mail(to: "pat@example.org").link?.contains("/invitation?link=") == true)
        let recorded = try await RunningProgram.run(
            ["audit", "--event", "invitation_sent", "--issuer", server.issuer], in: folder.url)
        #expect(recorded.output.split(separator: "\n").count { $0.contains("  command line ") } == 2)
        #expect(!recorded.output.contains("example.org"))
        try await server.stop()
    }

    @Test("sign-up can be open without email: users choose a username")
    func signUpWithoutMail() async throws {
        let folder = try Folder()
        #expect(try await RunningProgram.run(["check", "--sign-up", "open"], in: folder.url).code == 0)
        let server = try await RunningServer(["--sign-up", "open"], in: folder.url)
        let client = WebClient(origin: server.issuer)
        let dora = #"{"username":"dora","password":"a dormouse in a teapot"}"#
        #expect(try await client.postJSON("/api/auth/register", dora).status == 201)
        #expect(try await client.postJSON("/api/auth/login", dora).status == 200)
        #expect(try await client.get("/sign-up").status == 404)
        try await server.stop()
    }

    @Test("an invalid setting is reported at once, without the password")
    func mistakes() async throws {
        let folder = try Folder()
        for (arguments, expected) in [
            (["--sign-up", "yes"], "off, open or invitation"),
            (["--mail-smtp", "smtp://localhost"], "requires mail.from"),
            (["--mail-from", "a@b"], "requires mail.smtp"),
            (["--mail-smtp", "smtp://u:sesame@h?tls=off", "--mail-from", "a@b"], "unencrypted"),
            (["--mail-smtp", "smtp://localhost", "--mail-from", "nobody"], "must be ADDRESS"),
        ] {
            let answer = try await RunningProgram.run(["check"] + arguments, in: folder.url)
            #expect(answer.code == 78)
            #expect(answer.output.contains(expected), "\(answer.output)")
            #expect(!answer.output.contains("sesame"))
        }
    }
}
