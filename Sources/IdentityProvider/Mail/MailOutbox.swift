package import FoundationEssentials

/// An email in the outbox.
package struct WaitingMail: OutboxItem, Hashable {
    package let id: Identifier<WaitingMail>
    /// Sealed because it contains names, codes and links.
    package let sealedMail: [UInt8]
    package var attempts: Int
    package var dueAt: Date
    package let createdAt: Date
    package let expiresAt: Date

    package init(
        id: Identifier<WaitingMail> = .random(), sealedMail: [UInt8], attempts: Int = 0, dueAt: Date, createdAt: Date,
        expiresAt: Date
    ) {
        self.id = id
        self.sealedMail = sealedMail
        self.attempts = attempts
        self.dueAt = dueAt
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

package protocol MailOutbox: Outbox<WaitingMail> {
    func add(_ mail: WaitingMail) async throws
    /// Counts one email in each of `shares` and adds `mail`, if there is one, in the same transaction. Does
    /// neither if a share is used up or `capacity` emails wait. Concurrent calls, on any number of nodes,
    /// never exceed the limit of a share.
    func add(_ mail: WaitingMail?, within shares: [MailShare], capacity: Int, at now: Date) async throws
        -> MailAdmission
}
