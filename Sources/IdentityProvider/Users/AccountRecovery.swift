package import FoundationEssentials

/// A recovery in progress: someone who reads the mailbox disputed the recently added factors. Access to the mailbox
/// removes them only after a wait, during which a sign-in with one of them cancels the recovery.
package struct AccountRecovery: Sendable, Hashable {
    package let id: Identifier<AccountRecovery>
    package let user: Identifier<User>
    /// Factors added between this time and a minute after `startedAt` are disputed.
    package let disputedFrom: Date
    package let startedAt: Date
    /// When access to the mailbox alone becomes enough.
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

    /// The period in which disputed factors were added. It extends past the start because an intruder could still add
    /// one until their session ended.
    var period: ClosedRange<Date> { disputedFrom...max(disputedFrom, startedAt.addingTimeInterval(60)) }

    func disputes(_ factor: ShownFactor) -> Bool { factor.addedAt.map(period.contains) ?? false }
}

package protocol AccountRecoveryStore: Sendable {
    /// Returns the user's latest recovery, which may have expired.
    func find(_ user: Identifier<User>) async throws -> AccountRecovery?
    /// Starts `recovery` unless the user has an unexpired one. Of concurrent calls exactly one returns `true`.
    func start(_ recovery: AccountRecovery, at now: Date) async throws -> Bool
    /// Deletes `recovery`. Of concurrent calls exactly one returns `true`, so it is canceled or completed, never both.
    func end(_ recovery: AccountRecovery) async throws -> Bool
}
