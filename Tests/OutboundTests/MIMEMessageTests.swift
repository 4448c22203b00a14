import FoundationEssentials
import IdentityProvider
import Outbound
import Testing

@Suite("RFC 5322, RFC 2045 to 2047: the format of an email")
struct MIMEMessageTests {
    private func message(
        from: String = "no-reply@example.com", subject: String = "Hello", text: String = "text",
        html: String = "<p>html"
    ) throws -> String {
        let message = MIMEMessage(
            from: try #require(MailSender(from)), to: try #require(MailAddress("alice@example.org")), subject: subject,
            text: text, html: html, id: "abc_-1", date: Date(timeIntervalSince1970: 1_800_000_000))
        return String(decoding: message.bytes, as: UTF8.self)
    }

    @Test("the header has the required fields and asks for no automatic replies (RFC 3834 §5)")
    func header() throws {
        let lines = try message(from: "Front Door <no-reply@example.com>").components(separatedBy: "\r\n")
        #expect(
            lines.prefix { !$0.isEmpty } == [
                "From: Front Door", " <no-reply@example.com>", "To: alice@example.org", "Subject: Hello",
                "Date: Fri, 15 Jan 2027 08:00:00 +0000", "Message-ID: <abc_-1@example.com>",
                "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
                "Content-Type: multipart/alternative; boundary=\"=_abc_-1\"",
            ])
    }

    @Test(
        "text can't become another header field",
        arguments: ["a\r\nBcc: mallory@example.com", "a\nBcc: x", "a\rBcc: x", "a\u{0}b", "Bcc: x", "=?utf-8?B?QQ==?="])
    func injection(_ subject: String) throws {
        let header = try message(subject: subject).components(separatedBy: "\r\n\r\n")[0]
        let names = header.components(separatedBy: "\r\n").filter { !$0.hasPrefix(" ") }.map { $0.prefix { $0 != ":" } }
        #expect(names.count == 8)
        #expect(!names.contains("Bcc"))
        #expect(!header.contains("\u{0}"))
        #expect(header.contains("Subject: =?utf-8?B?"))
        let lone = header.replacing("\r\n", with: "").filter(\.isNewline)
        #expect(lone.isEmpty)
    }

    @Test("every line is short and ASCII, whatever the text")
    func lines() throws {
        let long = String(repeating: "Füße & Größe = 🐇 ", count: 40)
        let lines = try message(from: "\(long.prefix(90)) <a@b.example>", subject: long, text: long + "\n.\n" + long)
            .components(separatedBy: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 78 && $0.utf8.allSatisfy { (0x20...0x7E).contains($0) } })
    }

    @Test(
        "text that is not a single sender is refused",
        arguments: [
            "", "a", "a@", "@b", "a@b@c", "a b@c", "a@b\r\nBcc: c@d", "<a@b", "x <a@b>, <c@d>", "x\r\ny <a@b>",
            "x <a@[1.2.3.4]>", "ä@b", "a@ä", "a..b@c", ".a@b", "a@-b", "a@b.", "\"a\"@b", "a@b c",
        ])
    func senders(_ text: String) { #expect(MailSender(text) == nil) }
}

@Suite("The setting mail.smtp")
struct SMTPSettingsTests {
    @Test(
        "TLS with a checked certificate is required for other hosts, but not for this machine",
        arguments: [
            ("smtp://mail.example.com", 25, .required), ("smtp://u:p%40@mail.example.com", 587, .required),
            ("smtps://mail.example.com", 465, .implicit), ("smtp://localhost:2525", 2_525, .off),
            ("smtp://127.0.0.1?tls=offered", 25, .offered), ("smtp://mail.example.com?tls=off", 25, .off),
        ] as [(String, Int, SMTPSettings.TLS)])
    func defaults(_ text: String, port: Int, tls: SMTPSettings.TLS) throws {
        let settings = try SMTPSettings(text)
        #expect(settings.port == port)
        #expect(settings.tls == tls)
        #expect(settings.password == (text.contains("%40") ? "p@" : nil))
    }

    @Test(
        "an invalid setting is refused, and the reason doesn't repeat the password",
        arguments: [
            "", "mail.example.com", "http://mail.example.com", "smtp://", "smtp://u@h", "smtp://u:secret@h?tls=off",
            "smtp://u:secret@h?tls=offered", "smtps://h?tls=off", "smtp://h?tls=implicit", "smtp://h?tls=on",
            "smtp://h?timeout=0", "smtp://h?timeout=x", "smtp://h?a=b", "smtp://h/path", "smtp://h?tls=off&tls=off",
        ])
    func refusals(_ text: String) {
        let error = #expect(throws: InvalidSMTPURL.self) { try SMTPSettings(text) }
        #expect(error?.reason.isEmpty == false)
        #expect(error?.reason.contains("secret") == false)
    }
}
