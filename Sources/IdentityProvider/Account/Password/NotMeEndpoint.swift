import HTTPTypes

/// Where a mail about a sign-in or a change leads whoever it was not: everything ends, the password is worth nothing any
/// more, and a new one is asked for.
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
        guard user.passwordHash != nil else {
            try await protection.endEverything(of: user)
            return pages.done("everything_ended")
        }
        try await protection.withdrawPassword(of: user)
        var without = user
        without.passwordHash = nil
        let reset = try links.text(for: .passwordReset, user: without, address: link.address)
        return .redirect(to: "\(pages.issuer.reference(MailLinkPurpose.passwordReset.path))?link=\(reset)")
    }
}
