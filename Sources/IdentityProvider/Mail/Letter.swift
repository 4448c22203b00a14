/// A mail that is about to be sent: to whom, and what a template makes words of.
package struct Letter: Sendable {
    /// The same each time that sending it is tried, so that mailboxes can tell a repetition (RFC 5322 §3.6.4).
    package let id: String
    package let recipient: MailAddress
    /// Names its texts: `mail_KIND_subject`, `mail_KIND_text`, and `mail_KIND_action` where there is a link.
    package let kind: String
    package var data: [String: Page.Value]
    /// The person's language, if it is known, and what their browser asked for.
    package var languages: [String]
    package var acceptLanguage: String?

    package init(
        id: String, to recipient: MailAddress, kind: String, data: [String: Page.Value] = [:], languages: [String] = [],
        acceptLanguage: String? = nil
    ) {
        self.id = id
        self.recipient = recipient
        self.kind = kind
        self.data = data
        self.languages = languages
        self.acceptLanguage = acceptLanguage
    }
}

/// What puts letters into words and hands them over.
package protocol Mailer: Sendable {
    /// Returns when somebody else is responsible for the letter. Throws `MailRefused` when trying again is of no use.
    func send(_ letter: Letter) async throws
}

/// The mail server will not take this letter, now or later (RFC 5321 §4.2.1, 5yz).
package struct MailRefused: Error, CustomStringConvertible {
    package let description: String
    package init(_ reason: String) { description = reason }
}
