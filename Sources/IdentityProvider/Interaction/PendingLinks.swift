import FoundationEssentials

/// Links the account at an upstream that a user came with, once they have signed in to their account here.
struct PendingLinks: Sendable {
    private let upstreams: CachedUpstreams
    private let linking: UpstreamLinking
    private let recoveries: AccountRecoveries
    /// Seconds from the arrival during which a sign-in links.
    private let lifetime: TimeInterval
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        upstreams = core.upstreams
        linking = UpstreamLinking(core)
        recoveries = AccountRecoveries(core)
        lifetime = core.settings.lifetimes.factor
        now = core.now
    }

    /// Returns the guest and their upstream, or `nil` once either is void.
    func find(in interaction: Interaction) async throws -> (guest: UpstreamGuest, upstream: Upstream)? {
        guard let guest = interaction.guest, now() < guest.arrivedAt.addingTimeInterval(lifetime),
            let upstream = try await upstreams.findEnabled(guest.upstream)
        else { return nil }
        return (guest, upstream)
    }

    /// Links the guest's account to `user`, who has just started `session`.
    func link(_ interaction: Interaction, to user: User, after session: Session, _ request: Request) async throws {
        guard interaction.guest?.isLinking == true, let (guest, upstream) = try await find(in: interaction) else {
            return
        }
        guard session.proves(user, since: guest.arrivedAt) else {
            return Decision.note("Not linked: that takes a sign-in with the user's own factors, and all of them.")
        }
        // A new way to sign in would let them do what access to the mailbox alone must not.
        guard session.context >= .multiFactor || !recoveries.isPasswordMailed(user) else {
            return Decision.note("Not linked: the password was reset by email recently, and nothing else was shown.")
        }
        _ = try await linking.link(upstream.id, guest.subject, label: guest.label, to: user, request)
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
