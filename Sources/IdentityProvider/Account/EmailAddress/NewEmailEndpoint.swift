import HTTPTypes
import Logging

extension Path { static let newEmail = Path("/change-email/finish") }

/// Completes a change of email address from the new one, after the current one has confirmed it.
struct NewEmailEndpoint: LinkEndpoint {
    let pages: LinkPages
    let links: MailLinks
    let users: any UserStore
    let mail: MailQueue
    let audit: AuditLog
    let routes = Route.page(.newEmail)

    init(_ core: Core) {
        pages = LinkPages(core)
        links = MailLinks(core)
        users = core.stores.users
        mail = MailQueue(core)
        audit = core.audit
    }

    var instead: NextStep { pages.step(.emailAddress, .newLink) }

    func show(_ request: Request) async throws -> Response {
        let (link, user) = try await links.open(request, for: .newEmail)
        // Shows the username, because the mailbox may belong to someone other than the account's owner.
        return pages.question(
            "new_email", at: .newEmail, request,
            ["email": .text(link.address?.text ?? ""), "username": .text(user?.username ?? "")])
    }

    func submit(_ request: Request) async throws -> Response {
        guard case (let link, let user?) = try await links.open(request, for: .newEmail), let address = link.address
        else { throw OAuthError.linkLost }
        try await links.consume(link)
        do {
            guard try await users.changeEmail(of: user, to: address.text, at: links.now()) else {
                throw OAuthError.linkLost
            }
        } catch is NameTaken { throw OAuthError.linkLost }
        audit.record(.emailChanged, user: user.id)
        Logger.current.notice("email address changed", metadata: ["user": "\(user.id)"])
        if let former = user.email.flatMap(MailAddress.init) {
            try await mail.add(.emailChanged(user.id, from: former), after: request)
        }
        return pages.done("email_changed", ["email": .text(address.text)])
    }
}
