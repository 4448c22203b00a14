import HTTPTypes

extension Path { static let agreeToEmail = Path("/change-email/agree") }

/// Confirms a change of email address from the current one. Only then is the new address written to, so that a hijacked
/// session can't take over the account, and nobody can have emails sent to strangers.
struct AgreeToEmailEndpoint: LinkEndpoint {
    let pages: LinkPages
    let links: MailLinks
    let mail: MailQueue
    let routes = Route.page(.agreeToEmail)

    init(_ core: Core) {
        pages = LinkPages(core)
        links = MailLinks(core)
        mail = MailQueue(core)
    }

    var instead: NextStep { pages.step(.emailAddress, .newLink) }

    func show(_ request: Request) async throws -> Response {
        let (link, _) = try await links.open(request, for: .emailChange)
        return pages.question(
            "agree_to_email", at: .agreeToEmail, request, ["email": .text(link.address?.text ?? "")])
    }

    func submit(_ request: Request) async throws -> Response {
        guard case (let link, let user?) = try await links.open(request, for: .emailChange), let address = link.address
        else { throw OAuthError.linkLost }
        try await links.consume(link)
        try await mail.add(.emailChangeAgreed(user.id, to: address), after: request)
        return pages.done("email_agreed", ["email": .text(address.text)])
    }
}
