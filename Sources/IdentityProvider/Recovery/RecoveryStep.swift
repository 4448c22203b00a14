import FoundationEssentials

/// Evidence for or against removing disputed factors.
enum RecoveryEvidence: Sendable, CaseIterable {
    /// Someone used a link in an email, so they can read the mailbox.
    case mailbox
    /// Someone signed in with undisputed factors.
    case olderFactor
    /// Someone signed in with a disputed factor.
    case disputedFactor
    /// Someone who can read the mailbox or has signed in canceled the recovery.
    case cancellation
}

/// The step that follows from evidence. Pure: `AccountRecoveries` carries it out.
enum RecoveryStep: Sendable, Equatable {
    case start, wait, remove, cancel, nothing

    /// `recovery` is the one in progress, if any. `hasDisputed` says whether there are factors to dispute.
    init(_ recovery: AccountRecovery?, on evidence: RecoveryEvidence, hasDisputed: Bool, at now: Date) {
        guard let recovery, now < recovery.expiresAt else {
            self = evidence == .mailbox && hasDisputed ? .start : .nothing
            return
        }
        self =
            switch evidence {
            // A second link neither shortens nor restarts the wait.
            case .mailbox: now < recovery.readyAt ? .wait : .remove
            case .olderFactor: .remove
            case .disputedFactor, .cancellation: .cancel
            }
    }
}
