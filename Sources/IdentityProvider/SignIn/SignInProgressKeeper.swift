import FoundationEssentials
import JOSE

/// Starts sign-in progress and checks that it is still valid.
struct SignInProgressKeeper: Sendable {
    private let users: any UserStore
    private let digester: SecretDigester
    /// Seconds allowed from the first factor to the last.
    private let lifetime: TimeInterval
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        users = core.stores.users
        digester = core.digester
        lifetime = core.settings.lifetimes.factor
        now = core.now
    }

    func start(
        _ user: User, _ shown: [ShownFactor], risk assessment: RiskAssessment, next: SignInProgress.Next
    ) -> SignInProgress {
        SignInProgress(
            user: user.id, shown: shown, startedAt: now(), stamp: stamp(of: user),
            generation: user.sessionGeneration, risk: assessment, next: next)
    }

    /// Returns the user of `progress`, or `nil` once it is no longer valid.
    func person(of progress: SignInProgress?) async throws -> User? {
        guard let progress, let user = try await users.find(progress.user), isValid(progress, for: user) else {
            return nil
        }
        return user
    }

    func isValid(_ progress: SignInProgress, for user: User) -> Bool {
        progress.user == user.id && !user.isDisabled && progress.stamp == stamp(of: user)
            && progress.generation ?? user.sessionGeneration == user.sessionGeneration
            && now() < progress.startedAt.addingTimeInterval(lifetime)
    }

    /// Returns whether `next` is allowed this long after the sign-in. Enrollment requires a recent one, at an upstream as
    /// well, so that someone who finds an unattended browser can't add a factor.
    func isAllowed(_ next: SignInProgress.Next, after shown: [ShownFactor], since authenticatedAt: Date?) -> Bool {
        switch next {
        case .show: true
        case .enrol: (authenticatedAt.map(isRecent) ?? true) && !isStale(shown)
        }
    }

    /// Whether an upstream doesn't say that the user signed in there recently.
    func isStale(_ shown: [ShownFactor]) -> Bool {
        shown.compactMap(\.upstream).contains { $0.authenticatedAt.map(isRecent) != true }
    }

    private func isRecent(_ moment: Date) -> Bool { now() < moment.addingTimeInterval(lifetime) }

    private func stamp(of user: User) -> String {
        digester.name(user.passwordHash ?? "", of: SignInProgress.self)
    }
}
