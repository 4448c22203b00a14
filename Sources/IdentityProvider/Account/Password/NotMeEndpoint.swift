import FoundationEssentials
import HTTPTypes

extension Path { static let notMe = Path("/not-me") }

/// Handles the "this wasn't me" link in emails about a sign-in or change. Ends all sessions, removes the password and
/// asks for a new one. Factors remain, because the link proves only access to the mailbox, but those added recently are
/// disputed.
struct NotMeEndpoint: LinkEndpoint {
    let pages: LinkPages
    let links: MailLinks
    let protection: AccountProtection
    let recoveries: AccountRecoveries
    let routes = Route.page(.notMe)

    init(_ core: Core) {
        pages = LinkPages(core)
        links = MailLinks(core)
        protection = AccountProtection(core)
        recoveries = AccountRecoveries(core)
    }

    var instead: NextStep { pages.step(.forgotPassword, .resetPassword) }

    func show(_ request: Request) async throws -> Response {
        _ = try await links.open(request, for: .notMe)
        return pages.question("not_me", at: .notMe, request)
    }

    func submit(_ request: Request) async throws -> Response {
        guard case (let link, let user?) = try await links.open(request, for: .notMe) else { throw OAuthError.linkLost }
        try await links.consume(link)
        try await protection.shut(user)
        let (step, recovery) = try await recoveries.act(
            on: .mailbox, for: user, disputedFrom: beginning(link), after: request)
        if step == .start || step == .wait {
            // A disputed passkey may have signed in just before the dispute. From now on it is refused.
            try await recoveries.sessionEnd.endAll(of: user.id, because: .notMe)
        }
        // Users with a passkey who never had a password don't need one, unless a passkey is in dispute.
        let passkeys = try await recoveries.factors.passkeys.passkeys(of: user.id)
        guard user.passwordHash != nil || passkeys.isEmpty || recovery != nil else {
            return pages.done("everything_ended", next: pages.signIn)
        }
        var without = user
        without.passwordHash = nil
        let reset = try links.text(for: .passwordReset, user: without, address: link.address)
        let location = pages.issuer.reference(.resetPassword) + "?link=\(reset)"
        guard let recovery, step == .start || step == .wait else { return .redirect(to: location) }
        return pages.done(
            "recovery_started",
            ["ready": .time(recovery.readyAt, .moment), "continue_uri": .text(location)])
    }

    /// Returns the earliest time at which the intruder may have arrived: one link lifetime ago, or earlier if the email
    /// waited in the outbox.
    private func beginning(_ link: MailLink) -> Date {
        let lifetime = MailLinkPurpose.notMe.lifetime
        return min(protection.now() - lifetime, link.expiresAt - lifetime - Mail.Occasion.noticeLifetime)
    }
}
