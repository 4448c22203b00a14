import FoundationEssentials
import HTTPTypes

extension Path { static let notMe = Path("/not-me") }

/// Where a mail about a sign-in or a change leads whoever it was not: everything ends, the password opens nothing any more,
/// and a new one is asked for. Factors stay, for the link proves the mailbox alone; those added of late are in dispute.
struct NotMeEndpoint: LinkEndpoint {
    let pages: LinkPages
    let links: MailLinks
    let protection: AccountProtection
    let recoveries: AccountRecoveries
    let routes = Route.page(.notMe, rateLimit: .guessing)

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
            // A passkey may have signed in before it was in dispute. From here on it is refused.
            try await recoveries.sessionEnd.endAll(of: user.id, because: .notMe)
        }
        // Who still has a passkey, and never had a password, needs none; with one in dispute, they do.
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
            ["ready": .text(LetterWriter.words(for: recovery.readyAt)), "continue_uri": .text(location)])
    }

    /// When the thief may have come: within the week that links are good for, and in any case before the mail, which may
    /// have waited in the outbox.
    private func beginning(_ link: MailLink) -> Date {
        let lifetime = MailLinkPurpose.notMe.lifetime
        return min(protection.now() - lifetime, link.expiresAt - lifetime - Mail.Occasion.noticeLifetime)
    }
}
