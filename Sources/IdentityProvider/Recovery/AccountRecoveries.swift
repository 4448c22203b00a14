import FoundationEssentials
import Logging

/// Starts, cancels and completes recoveries, and notifies the user of each step.
struct AccountRecoveries: Sendable {
    let store: any AccountRecoveryStore
    let factors: RecentFactors
    let sessionEnd: SessionEnd
    let notices: AccountNotices
    let audit: AuditLog
    /// Seconds from the start until access to the mailbox alone is enough.
    let wait: TimeInterval
    let now: @Sendable () -> Date

    init(_ core: Core) {
        store = core.stores.recoveries
        factors = RecentFactors(core)
        sessionEnd = SessionEnd(core)
        notices = AccountNotices(core)
        audit = core.audit
        wait = core.settings.lifetimes.recoveryWait
        now = core.now
    }

    /// Seconds after the wait during which the recovery can be completed.
    private static let patience: TimeInterval = 7 * 86_400

    func underWay(for user: Identifier<User>) async throws -> AccountRecovery? {
        try await store.find(user).flatMap { now() < $0.expiresAt ? $0 : nil }
    }

    /// Returns whether the password was reset by email so recently that it proves nothing but access to the mailbox.
    func isPasswordMailed(_ user: User) -> Bool { user.passwordMailedAt.map { now() < $0 + wait } ?? false }

    /// Acts on `evidence` and returns the step taken and the recovery it applied to. A new recovery disputes factors
    /// added since `disputedFrom`; without that date none is started.
    @discardableResult
    func act(
        on evidence: RecoveryEvidence, for user: User, disputedFrom: Date? = nil, after request: Request
    ) async throws -> (step: RecoveryStep, recovery: AccountRecovery?) {
        let recovery = try await underWay(for: user.id)
        let moment = now()
        var hasDisputed = false
        if recovery == nil, let disputedFrom {
            hasDisputed = try await factors.hasAny(of: user.id, addedIn: disputedFrom...max(disputedFrom, moment))
        }
        let step = RecoveryStep(recovery, on: evidence, hasDisputed: hasDisputed, at: moment)
        switch (step, recovery) {
        case (.start, _):
            let started = AccountRecovery(
                user: user.id, disputedFrom: disputedFrom ?? moment, startedAt: moment,
                readyAt: moment.addingTimeInterval(wait), expiresAt: moment.addingTimeInterval(wait + Self.patience))
            guard try await store.start(started, at: moment) else { return (.wait, try await underWay(for: user.id)) }
            try await announce(started, after: request)
            return (.start, started)
        case (.remove, let recovery?):
            return (try await remove(recovery, request) ? .remove : .nothing, recovery)
        case (.cancel, let recovery?):
            return (try await cancel(recovery, request) ? .cancel : .nothing, recovery)
        default: return (step, recovery)
        }
    }

    /// Handles a sign-in of `user` with the factors `shown`. Showing a disputed factor together with an undisputed one
    /// cancels the recovery, because it proves that the disputed factor belongs to the user. Disputed factors alone
    /// prove nothing: such a sign-in began before the recovery did.
    func signedIn(_ user: User, by shown: [ShownFactor], _ request: Request) async throws {
        guard try await disputes(shown, of: user.id), let recovery = try await underWay(for: user.id),
            !shown.allSatisfy(recovery.disputes)
        else { return }
        try await act(on: .disputedFactor, for: user, after: request)
    }

    /// Returns whether any of these factors is in dispute.
    func disputes(_ shown: [ShownFactor], of user: Identifier<User>) async throws -> Bool {
        guard shown.contains(where: { $0.addedAt != nil }), let recovery = try await underWay(for: user) else {
            return false
        }
        return shown.contains(where: recovery.disputes)
    }

    /// Queues the notices. If that fails, ends the recovery: a wait must not run out without the owner knowing of it.
    private func announce(_ recovery: AccountRecovery, after request: Request) async throws {
        audit.record(.recoveryStarted(seconds: Int(wait)), user: recovery.user)
        Logger.current.notice("account recovery started", metadata: ["user": "\(recovery.user)"])
        do {
            for (stage, moment) in [
                (RecoveryNotice.started, recovery.startedAt),
                (.reminder, recovery.readyAt.addingTimeInterval(-min(86_400, wait / 3))), (.ready, recovery.readyAt),
            ] {
                try await notices.queue?.add(Self.occasion(recovery, stage), after: request, dueAt: moment)
            }
        } catch {
            _ = try await store.end(recovery)
            throw error
        }
    }

    private func remove(_ recovery: AccountRecovery, _ request: Request) async throws -> Bool {
        guard try await store.end(recovery) else { return false }
        // Before, so that no factor is added during the removal. Again after it, because one of the removed factors may
        // have signed in.
        try await sessionEnd.endAll(of: recovery.user, because: .recovery)
        let removed = try await factors.remove(of: recovery.user, addedIn: recovery.period)
        try await sessionEnd.endAll(of: recovery.user, because: .recovery)
        audit.record(.recoveryFinished, user: recovery.user)
        audit.record(.sessionsEnded, user: recovery.user)
        Logger.current.notice("account recovery completed", metadata: ["user": "\(recovery.user)"])
        for factor in removed { await notices.removed(factor, by: recovery.user, request) }
        return true
    }

    private func cancel(_ recovery: AccountRecovery, _ request: Request) async throws -> Bool {
        guard try await store.end(recovery) else { return false }
        audit.record(.recoveryCanceled, user: recovery.user)
        Logger.current.notice("account recovery canceled", metadata: ["user": "\(recovery.user)"])
        await notices.tell(Self.occasion(recovery, .canceled), request)
        return true
    }

    private static func occasion(_ recovery: AccountRecovery, _ stage: RecoveryNotice) -> Mail.Occasion {
        .recovery(recovery.user, recovery.id, stage, readyAt: recovery.readyAt)
    }
}
