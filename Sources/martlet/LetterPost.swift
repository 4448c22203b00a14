import FoundationEssentials
import IdentityProvider
import Outbound
import Server

/// Renders the mail of one issuer and hands it to the mail server.
struct LetterPost: Mailer {
    let issuer: Issuer
    let pages: PageRenderer
    let sender: MailSender
    let server: SMTPMailer

    /// Throws `Mistakes` if email cannot be sent at all.
    init(_ setting: MailSetting, issuer: Issuer, pages: PageRenderer) throws(Mistakes) {
        self.issuer = issuer
        self.pages = pages
        sender = setting.sender
        do { server = try SMTPMailer(setting.smtp, as: String(setting.sender.address.domain)) } catch {
            throw Mistakes(["mail.smtp: \(error)"])
        }
    }

    func send(_ letter: Letter) async throws {
        let words = try pages.words(of: letter, from: issuer, name: nil)
        try await server.send(
            MIMEMessage(
                from: sender, to: letter.recipient, subject: words.subject, text: words.text, html: words.html,
                id: letter.id, date: Date()))
    }
}
