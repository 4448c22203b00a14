/// An email about to be sent: its recipient, and the data for its template.
package struct Letter: Sendable {
    /// The same for every attempt, so that mailboxes can recognize duplicates (RFC 5322 §3.6.4).
    package let id: String
    package let recipient: MailAddress
    /// Selects its texts: `mail_KIND_subject`, `mail_KIND_text`, and `mail_KIND_action` if there is a link.
    package let kind: String
    package var data: [String: Page.Value]
    /// The languages that the user is known to read. `acceptLanguage` holds those that their browser asked for.
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

/// Renders letters and hands them to a mail server.
package protocol Mailer: Sendable {
    /// Returns once the mail server is responsible for the letter. Throws `MailRefused` if a retry is pointless.
    func send(_ letter: Letter) async throws
}

/// The mail server rejected the letter permanently (RFC 5321 §4.2.1, 5yz).
package struct MailRefused: Error, CustomStringConvertible {
    package let description: String
    package init(_ reason: String) { description = reason }
}
