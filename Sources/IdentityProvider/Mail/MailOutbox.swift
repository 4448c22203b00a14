package import FoundationEssentials

/// A mail in the outbox.
package struct WaitingMail: Sendable, Hashable {
    package let id: Identifier<WaitingMail>
    /// It holds names, codes and links.
    package let sealedMail: [UInt8]
    /// How often somebody began to send it. Whoever begins raises it, and may go on while it stays so.
    package let attempts: Int
    /// When it may be tried; while somebody tries, when others may take it for abandoned.
    package let dueAt: Date
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

package protocol MailOutbox: Sendable {
    func add(_ mail: WaitingMail) async throws
    /// Counts one in each of `shares`, and adds `mail`, if there is one, in the same transaction; nothing when a share is used
    /// up or `capacity` mails wait. Of many calls at once, on however many nodes, no more than a share's limit succeed.
    func add(_ mail: WaitingMail?, within shares: [MailShare], capacity: Int, at now: Date) async throws
        -> MailAdmission
    /// What may be tried, the longest due first.
    func due(at now: Date, limit: Int) async throws -> [WaitingMail]
    /// Takes what `due` returned in hand until a moment. Of all calls with one mail exactly one returns it, however many
    /// run at once and on however many nodes.
    func lease(_ mail: WaitingMail, until end: Date, at now: Date) async throws -> WaitingMail?
    /// Lets a leased mail be tried again at a moment, unless another has taken it meanwhile.
    func postpone(_ mail: WaitingMail, until moment: Date) async throws
    /// Removes a leased mail, unless another has taken it meanwhile.
    func remove(_ mail: WaitingMail) async throws
    /// How many wait and are of use yet, but for reminders of a later day.
    func depth(at now: Date) async throws -> Int
}
