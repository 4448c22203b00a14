import FoundationEssentials
import IdentityProvider
import Outbound
import TestSupport
import Testing

@Suite("RFC 5321: emails are delivered to a real server", .timeLimit(.minutes(5)))
struct SMTPMailerTests {
    private func send(
        _ url: String, to recipient: String = "alice@example.org", text: String = "Grüße\n.\n..\nEnd"
    ) async throws {
        let message = MIMEMessage(
            from: try #require(MailSender("Front Door <no-reply@example.com>")),
            to: try #require(MailAddress(recipient)), subject: "Grüße", text: text, html: "<p>Grüße</p>",
            id: "id-1", date: Date())
        try await SMTPMailer(SMTPSettings(url), as: "id.example.com").send(message)
    }

    @Test("an email arrives as it was sent, including lines with a single dot")
    func plain() async throws {
        let server = try SMTPServer()
        try await send("smtp://127.0.0.1:\(server.port)")
        let mail = try #require(try server.received().first)
        #expect(mail.recipients == ["alice@example.org"])
        #expect(mail.part(0) == "Grüße\r\n.\r\n..\r\nEnd")
        #expect(mail.part(1) == "<p>Grüße</p>")
        #expect(mail.header("Message-ID") == "<id-1@example.com>")
        #expect(mail.header("Auto-Submitted") == "auto-generated")
        #expect(!mail.isEncrypted)
    }

    @Test("with STARTTLS and a password, if the server's certificate is valid")
    func startTLS() async throws {
        let server = try SMTPServer(["tls=starttls", "user=martlet", "password=wing:/@?%"])
        let options = "?tls=required&tls_ca=\(server.certificate)"
        try await send("smtp://martlet:wing%3A%2F%40%3F%25@localhost:\(server.port)\(options)")
        let mail = try #require(try server.received().first)
        #expect(mail.isEncrypted)
        #expect(mail.isAuthenticated)
        let wrong = "smtp://martlet:wrong@localhost:\(server.port)\(options)"
        // The operator can fix this, so it is not a permanent failure.
        let error = await #expect(throws: SMTPFailure.self) { try await send(wrong) }
        #expect(error?.description.contains("wrong") == false)
        #expect(try server.received().count == 1)
    }

    @Test("with TLS from the first byte")
    func implicit() async throws {
        let server = try SMTPServer(["tls=implicit"])
        try await send("smtps://localhost:\(server.port)?tls_ca=\(server.certificate)")
        #expect(try server.received().map(\.isEncrypted) == [true])
    }

    @Test("no email is sent to a server with an untrusted certificate, or without TLS where TLS is required")
    func refusals() async throws {
        let (encrypted, plain) = (try SMTPServer(["tls=starttls"]), try SMTPServer())
        for url in [
            "smtp://localhost:\(encrypted.port)?tls=required", "smtp://localhost:\(encrypted.port)?tls=offered",
            "smtp://127.0.0.1:\(encrypted.port)?tls=required&tls_ca=\(encrypted.certificate)",
            "smtp://localhost:\(plain.port)?tls=required", "smtps://localhost:\(plain.port)?timeout=3",
        ] {
            await #expect(throws: SMTPFailure.self, "\(url)") { try await send(url) }
        }
        #expect(try encrypted.received().isEmpty)
        #expect(try plain.received().isEmpty)
        try await send("smtp://localhost:\(plain.port)?tls=offered")
        #expect(try plain.received().count == 1)
    }

    @Test("permanent and temporary rejections are different errors")
    func permanence() async throws {
        let server = try SMTPServer()
        let url = "smtp://127.0.0.1:\(server.port)"
        await #expect(throws: MailRefused.self) { try await send(url, to: "refused@example.org") }
        for _ in 0..<2 {
            await #expect(throws: SMTPFailure.self) { try await send(url, to: "later@example.org") }
        }
        try await send(url, to: "later@example.org")
        server.stop()
        await #expect(throws: SMTPFailure.self) { try await send(url) }
    }

    @Test("concurrent emails are sent on separate threads")
    func many() async throws {
        let server = try SMTPServer()
        _ = try await race(16) { number in
            try await send("smtp://127.0.0.1:\(server.port)", to: "user\(number)@example.org")
        }
        #expect(Set(try server.received().flatMap(\.recipients)).count == 16)
    }
}
