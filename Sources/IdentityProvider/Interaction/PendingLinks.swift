import FoundationEssentials

/// Links the account at an upstream that a user came with, once they have signed in to their account here.
struct PendingLinks: Sendable {
    private let choices: UpstreamChoices
    private let linking: UpstreamLinking
    private let recoveries: AccountRecoveries
    /// Seconds from the arrival during which a sign-in links.
    private let lifetime: TimeInterval
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        choices = UpstreamChoices(core)
        linking = UpstreamLinking(core)
        recoveries = AccountRecoveries(core)
        lifetime = core.settings.lifetimes.factor
        now = core.now
    }

    /// Returns the guest and their upstream, or `nil` once either is void or the client no longer lists the upstream.
    func find(in interaction: Interaction) async throws -> (guest: UpstreamGuest, upstream: Upstream)? {
        guard let guest = interaction.guest, now() < guest.arrivedAt.addingTimeInterval(lifetime),
            let upstream = try await choices.allowed(for: interaction).named(guest.upstream.rawValue),
            upstream.authority == guest.authority
        else { return nil }
        return (guest, upstream)
    }

    /// Why the guest's account was not linked.
    enum Obstacle: String {
        /// It is linked to another user.
        case taken = "taken"
        /// Time, the rules, or the state of the user's account.
        case other = "other"
    }

    /// Links the guest's account to `user`, who has just started `session`. Returns what is in the way; `nil` if the
    /// account is linked, or nobody asked for it.
    func link(
        _ interaction: Interaction, to user: User, after session: Session, _ request: Request
    ) async throws -> Obstacle? {
        guard interaction.guest?.isLinking == true else { return nil }
        guard let (guest, upstream) = try await find(in: interaction) else {
            return refuse("the time for it is over, or the upstream is no longer available.")
        }
        guard session.proves(user, since: guest.arrivedAt) else {
            return refuse("that takes a sign-in with the user's own factors, and all of them.")
        }
        // A new way to sign in would let them do what access to the mailbox alone must not.
        guard session.context >= .multiFactor || !recoveries.isPasswordMailed(user) else {
            return refuse("the password was reset by email recently, and nothing else was shown.")
        }
        switch try await linking.link(upstream, guest.subject, label: guest.label, to: user, request) {
        case .added, .present: return nil
        case .taken: return .taken
        case .outdated: return .other
        }
    }

    private func refuse(_ reason: String) -> Obstacle {
        Decision.note("Not linked: \(reason)")
        return .other
    }
}

extension Session {
    /// Whether the session shows that its user, and not just someone at their browser, has been here since `arrival`: a
    /// step-up keeps the time of the sign-in before, another upstream vouches for the user only to itself, and a trusted
    /// device may be anybody's by now. Sign-in times are stored in whole milliseconds.
    fileprivate func proves(_ user: User, since arrival: Date) -> Bool {
        self.user == user.id && upstream == nil && !trustsDevice && authenticatedAt.timeIntervalSince(arrival) > -0.002
    }
}
