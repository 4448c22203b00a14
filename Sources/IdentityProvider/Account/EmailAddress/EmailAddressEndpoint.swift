import FoundationEssentials
import HTTPTypes

extension Path { static let emailAddress = Path("/account/email") }

/// Lets recently signed-in users request a change of email address, or an email that verifies the current one.
struct EmailAddressEndpoint: AccountPageEndpoint {
    let gate: AccountGate
    let pages: LinkPages
    let mail: MailRequests
    let audit: AuditLog
    let path = Path.emailAddress
    var routes: [Route] { Route.page(path, rateLimit: .mail) }

    init(_ core: Core) {
        gate = AccountGate(core)
        pages = LinkPages(core)
        mail = MailRequests(core)
        audit = core.audit
    }

    func show(_ request: Request, to visitor: AccountGate.Visitor) async throws -> Response {
        page(request, visitor.user)
    }

    func submit(_ request: Request, by visitor: AccountGate.Visitor) async throws -> Response {
        let user = visitor.user
        guard request.parameters["decision"] != "verify" else {
            try await mail.add(.emailVerification(user.id), after: request)
            return pages.sent(
                "sign_up_asked", at: path, again: [("decision", "verify")], request, ["email": .text(user.email ?? "")])
        }
        let text = request.parameters["email"] ?? ""
        guard let address = MailAddress(text) else { return page(request, user, typed: text, error: "email") }
        try await mail.add(
            .emailChange(user.id, to: address), after: request, isForStranger: user.email == nil)
        audit.record(.emailChangeRequested, user: user.id)
        return pages.sent(
            "email_change_asked", at: path, again: [("email", address.text)], request,
            ["email": .text(user.email ?? address.text)])
    }

    private func page(_ request: Request, _ user: User, typed: String? = nil, error: String? = nil) -> Response {
        var data: [String: Page.Value] = ["typed": .text(typed ?? "")]
        if let email = user.email {
            data["email"] = .text(email)
            data["is_verified"] = .flag(user.isEmailVerified)
        }
        return pages.form("email-address", at: path, request, data, error: error)
    }
}
