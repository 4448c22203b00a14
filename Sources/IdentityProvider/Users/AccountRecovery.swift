package import FoundationEssentials

/// A recovery under way: somebody who reads the mailbox reported the factors that were added of late. The mailbox alone
/// removes them only after a wait, during which a sign-in with one of them cancels.
package struct AccountRecovery: Sendable, Hashable {
    package let id: Identifier<AccountRecovery>
    package let user: Identifier<User>
    /// Factors added from here to a minute after `startedAt` are in dispute.
    package let disputedFrom: Date
    package let startedAt: Date
    /// When the mailbox alone is enough.
    package let readyAt: Date
    package let expiresAt: Date

    package init(
        id: Identifier<AccountRecovery> = .random(), user: Identifier<User>, disputedFrom: Date, startedAt: Date,
        readyAt: Date, expiresAt: Date
    ) {
        self.id = id
        self.user = user
        self.disputedFrom = disputedFrom
        self.startedAt = startedAt
        self.readyAt = readyAt
        self.expiresAt = expiresAt
    }

    /// When factors in dispute were added. A thief who got in while the report was under way may have added one until their
    /// session ended, a moment after the start.
    var period: ClosedRange<Date> { disputedFrom...max(disputedFrom, startedAt.addingTimeInterval(60)) }

    func disputes(_ factor: ShownFactor) -> Bool { factor.addedAt.map(period.contains) ?? false }
}

package protocol AccountRecoveryStore: Sendable {
    /// The last one of the user, which may have expired.
    func find(_ user: Identifier<User>) async throws -> AccountRecovery?
    /// Starts it unless the user has an unexpired recovery. Of concurrent calls exactly one returns `true`.
    func start(_ recovery: AccountRecovery, at now: Date) async throws -> Bool
    /// Removes it. Of many calls with one recovery exactly one returns `true`: it is canceled or carried out, never both.
    func end(_ recovery: AccountRecovery) async throws -> Bool
}
