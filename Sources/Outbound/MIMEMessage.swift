package import FoundationEssentials
package import IdentityProvider

/// An email as transmitted (RFC 5322): the same content as text and as HTML, for the email
/// client to choose (RFC 2046 §5.1.4).
package struct MIMEMessage: Sendable {
    package let sender: MailSender
    package let recipient: MailAddress
    package let subject: String
    package let text: String
    package let html: String
    /// The part of the Message-ID before `@`: letters, digits, `-` and `_`.
    package let id: String
    package let date: Date

    package init(
        from sender: MailSender, to recipient: MailAddress, subject: String, text: String, html: String, id: String,
        date: Date
    ) {
        self.sender = sender
        self.recipient = recipient
        self.subject = subject
        self.text = text
        self.html = html
        self.id = id
        self.date = date
    }

    /// The message, with CRLF at the end of every line. Lines are at most 78 bytes long, except
    /// for addresses (RFC 5322 §2.1.1).
    package var bytes: [UInt8] {
        // No line of a part can begin with the boundary: quoted-printable never contains a bare `=_`.
        let boundary = "=_\(id)"
        let from = sender.name.map { "\(EncodedWord.encode($0))\r\n <\(sender.address.text)>" }
        let lines = [
            "From: \(from ?? sender.address.text)",
            "To: \(recipient.text)",
            "Subject: \(EncodedWord.encode(subject))",
            "Date: \(Self.words(for: date))",
            "Message-ID: <\(id)@\(sender.address.domain)>",
            // Suppresses automatic replies (RFC 3834 §5).
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: multipart/alternative; boundary=\"\(boundary)\"",
            "",
            "--\(boundary)",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            "",
            QuotedPrintable.encode(text),
            "--\(boundary)",
            "Content-Type: text/html; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            "",
            QuotedPrintable.encode(html),
            "--\(boundary)--",
            "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    /// RFC 5322 §3.3.
    private static func words(for date: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.weekday, .day, .month, .year, .hour, .minute, .second], from: date)
        func two(_ number: Int?) -> String { (number ?? 0) < 10 ? "0\(number ?? 0)" : "\(number ?? 0)" }
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return """
            \(days[(parts.weekday ?? 1) - 1]), \(parts.day ?? 1) \(months[(parts.month ?? 1) - 1]) \(parts.year ?? 0) \
            \(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)) +0000
            """
    }
}
