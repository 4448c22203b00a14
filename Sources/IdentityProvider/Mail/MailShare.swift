package import FoundationEssentials

/// A quota for requested emails: how many one recipient, one network or everyone together may cause until `endsAt`.
package struct MailShare: Sendable, Hashable {
    /// A digest, so that the table of counters does not reveal recipients.
    package let name: String
    package let limit: Int
    package let endsAt: Date

    package init(name: String, limit: Int, endsAt: Date) {
        self.name = name
        self.limit = limit
        self.endsAt = endsAt
    }
}

/// The outcome of a request to queue an email.
package enum MailAdmission: Sendable, Hashable {
    case added
    /// The quota is used up. Nothing was added or counted.
    case usedUp(MailShare)
    /// The outbox is full for now.
    case full
}

extension MailShare: Digested {
    package static let digestLabel = "MailShare"
}
