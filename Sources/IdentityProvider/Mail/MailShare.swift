package import FoundationEssentials

/// A part of the mails that may be asked for: what one recipient, one network or all together may have until a moment.
package struct MailShare: Sendable, Hashable {
    /// A digest: the table that counts tells nobody who is written to.
    package let name: String
    package let limit: Int
    package let endsAt: Date

    package init(name: String, limit: Int, endsAt: Date) {
        self.name = name
        self.limit = limit
        self.endsAt = endsAt
    }
}

/// What became of a mail that was asked for.
package enum MailAdmission: Sendable, Hashable {
    case added
    /// Nothing was added or counted.
    case usedUp(MailShare)
    /// So much waits in the outbox that nothing more is taken for now.
    case full
}

extension MailShare: Digested {
    package static let digestLabel = "MailShare"
}
