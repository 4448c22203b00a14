import FoundationEssentials
import HTTPTypes

/// Where a person who has just signed in asks for another address, or for a mail that proves the one they have.
struct EmailAddressEndpoint: PageEndpoint {
    let pages: LinkPages
    let sessions: SessionCookie
    let interactions: InteractionKeeper
    let mail: MailRequests
    let formToken: FormToken
    let audit: AuditLog
    let now: @Sendable () -> Date
    let routes = [Route.get("/account/email"), .post("/account/email", rateLimit: .mail)]

    /// Seconds: whoever finds an open browser must not take the account away.
    private static let maxAge = 600

    func show(_ request: Request) async throws -> Response {
        guard let user = try await user(of: request) else { return try signIn(request) }
        return page(request, user)
    }

    func submit(_ request: Request) async throws -> Response {
        guard let user = try await user(of: request) else { return try signIn(request) }
        guard request.parameters["decision"] != "verify" else {
            try await mail.add(.emailVerification(user.id), after: request)
            return pages.done("sign_up_asked", ["email": .text(user.email ?? "")])
        }
        let text = request.parameters["email"] ?? ""
        guard let address = MailAddress(text) else { return page(request, user, typed: text, error: "email") }
        try await mail.add(.emailChange(user.id, to: address), after: request)
        audit.record(.emailChangeRequested, user: user.id)
        return pages.done("email_change_asked", ["email": .text(user.email ?? address.text)])
    }

    /// Whose session it is, if that is recent.
    private func user(of request: Request) async throws -> User? {
        guard let current = try await sessions.current(request),
            now() <= current.session.authenticatedAt.addingTimeInterval(TimeInterval(Self.maxAge))
        else { return nil }
        return current.user
    }

    private func signIn(_ request: Request) throws -> Response {
        try interactions.begin(Visit(location: "/account/email", maxAge: Self.maxAge), in: request)
    }

    private func page(_ request: Request, _ user: User, typed: String? = nil, error: String? = nil) -> Response {
        var data: [String: Page.Value] = ["typed": .text(typed ?? "")]
        if let email = user.email {
            data["email"] = .text(email)
            data["is_verified"] = .flag(user.isEmailVerified)
        }
        return pages.form("email-address", at: "/account/email", request, data, error: error)
    }
}
