import HTTPTypes

extension Path { static let verifyEmail = Path("/verify-email") }

/// Verifies a user's email address with a link sent to it.
struct VerifyEmailEndpoint: LinkEndpoint {
    let pages: LinkPages
    let links: MailLinks
    let users: any UserStore
    let audit: AuditLog
    let routes = Route.page(.verifyEmail)

    init(_ core: Core) {
        pages = LinkPages(core)
        links = MailLinks(core)
        users = core.stores.users
        audit = core.audit
    }

    var instead: NextStep { pages.step(.emailAddress, .newLink) }

    func show(_ request: Request) async throws -> Response {
        let (link, _) = try await links.open(request, for: .emailVerification)
        return pages.question(
            "verify_email", at: .verifyEmail, request, ["email": .text(link.address?.text ?? "")])
    }

    func submit(_ request: Request) async throws -> Response {
        guard case (let link, let user?) = try await links.open(request, for: .emailVerification),
            let email = user.email
        else { throw OAuthError.linkLost }
        try await links.consume(link)
        try await users.verifyEmail(email, of: user.id, at: links.now())
        audit.record(.emailVerified, user: user.id)
        return pages.done("email_verified")
    }
}
