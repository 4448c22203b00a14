import FoundationEssentials

/// What speaks for or against removing factors that are in dispute.
enum RecoveryEvidence: Sendable, CaseIterable {
    /// Somebody reads the mailbox: a link in a mail was used.
    case mailbox
    /// Somebody signed in with factors that are not in dispute.
    case olderFactor
    /// Somebody signed in with a factor in dispute.
    case disputedFactor
    /// Somebody who reads the mailbox or has signed in takes it back.
    case cancellation
}

/// What follows from evidence. Pure: `AccountRecoveries` carries it out.
enum RecoveryStep: Sendable, Equatable {
    case start, wait, remove, cancel, nothing

    /// `recovery` is the one in progress, if any; `hasDisputed` says whether there are factors to dispute.
    init(_ recovery: AccountRecovery?, on evidence: RecoveryEvidence, hasDisputed: Bool, at now: Date) {
        guard let recovery, now < recovery.expiresAt else {
            self = evidence == .mailbox && hasDisputed ? .start : .nothing
            return
        }
        self =
            switch evidence {
            // A second link neither shortens the wait nor begins it anew.
            case .mailbox: now < recovery.readyAt ? .wait : .remove
            case .olderFactor: .remove
            case .disputedFactor, .cancellation: .cancel
            }
    }
}
