import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import Outbound
import Server
import TestSupport
import Testing

@testable import martlet

@Suite("Every email, rendered and delivered to a real mail server", .timeLimit(.minutes(5)))
struct LetterTests {
    /// Every event that sends an email, with its recipient.
    private static func occasions(_ alice: Identifier<User>) throws -> [(String, Mail.Occasion)] {
        let new = try #require(MailAddress("new@example.org"))
        let former = try #require(MailAddress("former@example.org"))
        let other = try #require(MailAddress("alice@example.com"))
        return [
            ("new@example.org", .signUp(new)), ("alice@example.com", .signUp(other)),
            ("new@example.org", .invitation(new)), ("alice@example.com", .passwordReset(name: "alice")),
            ("alice@example.com", .emailVerification(alice)), ("alice@example.com", .emailChange(alice, to: new)),
            ("new@example.org", .emailChangeAgreed(alice, to: new)),
            ("former@example.org", .emailChanged(alice, from: former)),
            ("alice@example.com", .signInCode(alice, code: "12345678")),
            ("alice@example.com", .unknownDevice(alice, device: "Firefox, Linux", address: "203.0.113.9")),
            ("alice@example.com", .passwordChanged(alice)),
            ("alice@example.com", .factorAdded(alice, factor: "totp")),
            ("alice@example.com", .factorAdded(alice, factor: "passkey")),
            ("alice@example.com", .factorAdded(alice, factor: "recovery_code")),
            ("alice@example.com", .factorRemoved(alice, factor: "totp")),
            ("alice@example.com", .lockedOut(name: "alice")),
            ("alice@example.com", .secondFactorLocked(alice)),
            ("alice@example.com", .recovery(alice, Identifier(rawValue: "r"), .started, readyAt: Date())),
            ("alice@example.com", .recovery(alice, Identifier(rawValue: "r"), .reminder, readyAt: Date())),
            ("alice@example.com", .recovery(alice, Identifier(rawValue: "r"), .ready, readyAt: Date())),
            ("alice@example.com", .recovery(alice, Identifier(rawValue: "r"), .canceled, readyAt: Date())),
        ]
    }

    @Test("every email arrives in text and HTML, in each language", arguments: ["en", "de"])
    func all(_ language: String) async throws {
        let server = try SMTPServer()
        let issuer = try Issuer("https://id.example.com")
        let setting = MailSetting(
            smtp: try SMTPSettings("smtp://127.0.0.1:\(server.port)"),
            sender: try #require(MailSender("Front Door <no-reply@example.com>")))
        let post = try LetterPost(setting, issuer: issuer, pages: try PageRenderer(name: "Tom & \"Jerry\" <x>"))
        let test = try await TestIssuer(mailbox: post)
        var alice = try #require(try await test.stores.users.find(named: "alice"))
        alice.claims["locale"] = .string(language)
        try await test.stores.users.save(alice)
        let now = test.clock.now
        let recovery = AccountRecovery(
            id: Identifier(rawValue: "r"), user: alice.id, disputedFrom: now, startedAt: now, readyAt: now,
            expiresAt: now + 60)
        #expect(try await test.stores.recoveries.start(recovery, at: now))
        let header = try Request(method: .get, path: "/", headers: [.acceptLanguage: language])
        for (number, (recipient, occasion)) in try Self.occasions(alice.id).enumerated() {
            try await test.provider.mail.add(occasion, after: header)
            try await test.deliver()
            let mail = try #require(try server.received().dropFirst(number).first, "\(occasion)")
            #expect(mail.recipients == [recipient])
            let (text, html) = (mail.part(0), mail.part(1))
            #expect(html.contains("<html lang=\"\(language)\">"))
            #expect(text.contains("Tom & \"Jerry\" <x>"))
            #expect(html.contains("Tom &amp; &quot;Jerry&quot; &lt;x&gt;"))
            #expect(!text.contains("{{") && !html.contains("{{") && !html.contains("></h1>"))
            #expect(mail.header("Subject")?.isEmpty == false)
            #expect(html.contains("href=\"https://id.example.com/") == (mail.link != nil))
            if let link = mail.link { #expect(link.hasPrefix("https://id.example.com/")) }
            #expect(text.split(separator: "\r\n").count > 4, "\(occasion): \(text)")
            if case .signInCode(_, let code) = occasion { #expect(text.contains(code) && html.contains(code)) }
        }
        #expect(try server.received().count == Self.occasions(alice.id).count)
    }
}
