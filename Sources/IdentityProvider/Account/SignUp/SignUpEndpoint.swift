import HTTPTypes

extension Path { static let signUp = Path("/sign-up") }

/// Lets visitors request an account with an email address, which a link in an email proves before anything is stored.
/// Only that email tells whether the address already has an account.
struct SignUpEndpoint: PageEndpoint {
    let pages: LinkPages
    let interrupted: InterruptedSignIn
    let mail: MailRequests
    let routes = Route.page(.signUp, rateLimit: .mail)

    var formToken: FormToken { pages.formToken }

    init(_ core: Core) {
        pages = LinkPages(core)
        interrupted = InterruptedSignIn(core)
        mail = MailRequests(core)
    }

    func show(_ request: Request) async throws -> Response {
        try await form(request).setting(interrupted.remember(request))
    }

    private func form(
        _ request: Request, _ data: [String: Page.Value] = [:], error: String? = nil
    ) async throws -> Response {
        var data = data
        data["sign_in_uri"] = try interrupted.signIn(request).map(Page.Value.text)
        return pages.form(
            "sign-up", at: .signUp, request, data, error: error, on: try await interrupted.setting(request))
    }

    func submit(_ request: Request) async throws -> Response {
        let text = request.parameters["email"] ?? ""
        let signIn = try await interrupted.setting(request)
        guard let address = MailAddress(text) else {
            return try await form(request, ["email": .text(text)], error: "email")
        }
        try await mail.add(.signUp(address), after: request)
        return pages.sent(
            "sign_up_asked", at: .signUp, again: [("email", address.text)], request, ["email": .text(address.text)],
            on: signIn)
    }
}
