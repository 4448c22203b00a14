import HTTPTypes

extension Path { static let forgotPassword = Path("/forgot-password") }

/// Lets users who forgot their password request a reset link. Response and cost are the same for every name, which
/// prevents user enumeration.
struct ForgotPasswordEndpoint: PageEndpoint {
    let pages: LinkPages
    let interrupted: InterruptedSignIn
    let mail: MailRequests
    let audit: AuditLog
    let routes = Route.page(.forgotPassword, rateLimit: .mail)

    var formToken: FormToken { pages.formToken }

    init(_ core: Core) {
        pages = LinkPages(core)
        interrupted = InterruptedSignIn(core)
        mail = MailRequests(core)
        audit = core.audit
    }

    func show(_ request: Request) async throws -> Response {
        pages.form("forgot-password", at: .forgotPassword, request, on: try await interrupted.setting(request))
            .setting(interrupted.remember(request))
    }

    func submit(_ request: Request) async throws -> Response {
        guard let name = request.parameters["username"], name.utf8.count <= 255 else { return try await show(request) }
        try await mail.add(.passwordReset(name: name), after: request)
        audit.record(.passwordResetRequested)
        return pages.sent(
            "reset_asked", at: .forgotPassword, again: [("username", name)], request,
            on: try await interrupted.setting(request))
    }
}
