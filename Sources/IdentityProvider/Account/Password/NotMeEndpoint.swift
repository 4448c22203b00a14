import FoundationEssentials
import HTTPTypes

/// Where a mail about a sign-in or a change leads whoever it was not: everything ends, the password and what was added of
/// late to sign in with are worth nothing any more, and a new password is asked for.
struct NotMeEndpoint: LinkEndpoint {
    let pages: LinkPages
    let links: MailLinks
    let protection: AccountProtection
    let formToken: FormToken
    let routes = [Route.get("/not-me"), .post("/not-me", rateLimit: .guessing)]

    func show(_ request: Request) async throws -> Response {
        _ = try await links.open(request, for: .notMe)
        return pages.question("not_me", at: "/not-me", request)
    }

    func submit(_ request: Request) async throws -> Response {
        guard case (let link, let user?) = try await links.open(request, for: .notMe) else { throw OAuthError.linkLost }
        try await links.spend(link)
        try await protection.expelThief(from: user, since: beginning(link))
        // Who still has a passkey, and never had a password, needs none.
        let passkeys = try await protection.recentFactors.passkeys.passkeys(of: user.id)
        guard user.passwordHash != nil || passkeys.isEmpty else { return pages.done("everything_ended") }
        var without = user
        without.passwordHash = nil
        let reset = try links.text(for: .passwordReset, user: without, address: link.address)
        return .redirect(to: "\(pages.issuer.reference(MailLinkPurpose.passwordReset.path))?link=\(reset)")
    }

    /// When the thief may have come: within the week that links are good for, and in any case before the mail, which may
    /// have waited in the outbox.
    private func beginning(_ link: MailLink) -> Date {
        let lifetime = MailLinkPurpose.notMe.lifetime
        return min(protection.now() - lifetime, link.expiresAt - lifetime - Mail.Occasion.noticeLifetime)
    }
}
